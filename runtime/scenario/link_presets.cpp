#include "runtime/scenario/link_presets.hpp"

#include <algorithm>

namespace millrace {
namespace {

// Preamble 8, header 14, check sequence 4, gap 12.
constexpr Bytes kEthernet = Bytes(38);

LinkPreset symmetric(std::string_view name, PresetDirection both, std::string_view source) {
  return {name, both, both, source};
}

PresetDirection direction(BitRate rate, Duration delay, Bytes overhead = {}) {
  return {.rate = rate, .delay = delay, .loss = 0, .overhead = overhead};
}

}  // namespace

bool LinkPreset::symmetric() const {
  return up.rate == down.rate && up.delay == down.delay && up.loss == down.loss &&
         up.overhead == down.overhead;
}

const std::vector<LinkPreset>& link_presets() {
  static const std::vector<LinkPreset> presets{
      symmetric("ethernet-100m", direction(BitRate::mbit(100), Duration::us(50), kEthernet),
                "IEEE 802.3 (rate, 38 bytes per frame); delay: assumed, one switch"),
      symmetric("ethernet-1g", direction(BitRate::mbit(1'000), Duration::us(50), kEthernet),
                "IEEE 802.3; delay: assumed, one switch"),
      symmetric("ethernet-10g", direction(BitRate::mbit(10'000), Duration::us(20), kEthernet),
                "IEEE 802.3; delay: assumed, one switch"),
      symmetric("wifi6-home", direction(BitRate::mbit(600), Duration::ms(2)),
                "IEEE 802.11ax: 1201 Mbit/s (80 MHz, 2 streams, MCS 11) halved for the MAC; delay: assumed"),
      {"3g", direction(BitRate::kbit(768), Duration::ms(150)),
       direction(BitRate::kbit(1'600), Duration::ms(150)),
       "WebPageTest's profile 3G: 1.6 / 0.768 Mbit/s, RTT 300 ms"},
      symmetric("lte", direction(BitRate::mbit(12), Duration::ms(35)),
                "WebPageTest's profile LTE: 12 Mbit/s, RTT 70 ms"),
      {"5g-mmwave", direction(BitRate::mbit(50), Duration::ms(10)),
       direction(BitRate::mbit(447), Duration::ms(10)),
       "down: mean of the Lumos5G walk; up and delay: assumed"},
      {"starlink", direction(BitRate::kbit(13'540), Duration::ms(25)),
       direction(BitRate::kbit(87'250), Duration::ms(25)),
       "Ookla, US medians of 2021 Q3; delay: Michel et al., IMC 2022, RTT 50 ms"},
      {"cable", direction(BitRate::mbit(1), Duration::ms(14)), direction(BitRate::mbit(5), Duration::ms(14)),
       "WebPageTest's profile Cable: 5 / 1 Mbit/s, RTT 28 ms"},
      {"dsl", direction(BitRate::kbit(384), Duration::ms(25)),
       direction(BitRate::kbit(1'500), Duration::ms(25)),
       "WebPageTest's profile DSL: 1.5 / 0.384 Mbit/s, RTT 50 ms"},
  };
  return presets;
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const auto& preset : link_presets()) {
    names.emplace_back(preset.name);
    if (preset.symmetric()) continue;
    names.push_back(names.back() + "-up");
    names.push_back(std::string(preset.name) + "-down");
  }
  return names;
}

std::optional<PresetDirection> preset_by_name(std::string_view name, bool downwards) {
  for (const auto& preset : link_presets()) {
    if (name == preset.name) return downwards ? preset.down : preset.up;
    if (!name.starts_with(preset.name)) continue;
    const auto suffix = name.substr(preset.name.size());
    if (suffix == "-up") return preset.up;
    if (suffix == "-down") return preset.down;
  }
  return std::nullopt;
}

}  // namespace millrace
