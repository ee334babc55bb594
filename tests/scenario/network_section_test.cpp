// Segments, switches, presets and cross traffic: how they are read, and what is refused.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/scenario/link_presets.hpp"
#include "runtime/scenario/topology_links.hpp"
#include "runtime/yaml/strict_yaml.hpp"
#include "tests/scenario/scenario_text.hpp"

namespace millrace {
namespace {

// The three boards of kGoodScenario with another network.
std::string joined_by(const std::string& network) {
  const auto from = kGoodScenario.find("network:\n"), to = kGoodScenario.find("policy:\n");
  return kGoodScenario.substr(0, from) + "network:\n" + network + kGoodScenario.substr(to);
}
const std::string kStar =
    "  segments:\n"
    "    - name: cell\n"
    "      kind: star\n"
    "      hub: base\n"
    "      access:\n"
    "        - {members: [camera, board-a], up: {rate: 5 Mbit/s, delay: 10 ms}, down: {rate: 20 Mbit/s}}\n"
    "        - {members: [board-b], up: {preset: starlink}, down: {preset: starlink, delay: 1 ms}}\n";
const std::string kLan =
    "  segments:\n"
    "    - {name: lan, kind: csma, members: [camera, board-a, board-b], rate: 100 Mbit/s, delay: 1 us}\n";

TEST(NetworkSection, AStarIsItsAccessLinks) {
  const auto read_back = read(joined_by(kStar));
  ASSERT_TRUE(read_back.scenario) << to_string(read_back.problems);
  const auto links = point_to_point_links(read_back.scenario->network);
  ASSERT_EQ(links.size(), 6U);
  EXPECT_EQ(links[2].from + links[2].to, "board-abase");
  EXPECT_EQ(links[2].rate, BitRate::mbit(5));
  EXPECT_EQ(links[2].delay, Duration::ms(10));
  EXPECT_EQ(links[3].from + links[3].to, "baseboard-a");
  EXPECT_EQ(links[3].rate, BitRate::mbit(20));
  EXPECT_EQ(links[4].rate, BitRate::kbit(13'540)) << "up";
  EXPECT_EQ(links[5].rate, BitRate::kbit(87'250)) << "down";
  EXPECT_EQ(links[5].delay, Duration::ms(1)) << "a key beside a preset counts";
  EXPECT_EQ(forwarding_nodes(*read_back.scenario), std::vector<std::string>{"base"});
}

TEST(NetworkSection, AMediumJoinsAllItsMembers) {
  const auto lan = read(joined_by(kLan));
  ASSERT_TRUE(lan.scenario) << to_string(lan.problems);
  EXPECT_EQ(hops(lan.scenario->network).size(), 6U);
  const auto wifi = read(
      joined_by("  segments:\n"
                "    - {name: home, kind: wifi, members: [camera, board-a, board-b], access_point: camera,\n"
                "       standard: 802.11ac, rate_control: ideal, distance: 3 m,\n"
                "       distances: [{member: board-b, distance: 0.02 km}]}\n"));
  ASSERT_TRUE(wifi.scenario) << to_string(wifi.problems);
  const auto& home = wifi.scenario->network.segments.at(0);
  EXPECT_EQ(home.distance_m, 3);
  EXPECT_EQ(home.distances.at(0).metres, 20);
}

TEST(NetworkSection, SwitchesForwardAndRunNothing) {
  const std::string routed = joined_by(
      "  switches: [core]\n"
      "  links:\n"
      "    - {between: [camera, core], preset: ethernet-1g}\n"
      "    - {between: [board-a, core], preset: ethernet-1g}\n"
      "    - {between: [board-b, core], preset: ethernet-1g, overhead: 0 B}\n");
  const auto good = read(routed);
  ASSERT_TRUE(good.scenario) << to_string(good.problems);
  EXPECT_EQ(good.scenario->network.links[0].overhead, Bytes(38));
  EXPECT_EQ(good.scenario->network.links[4].overhead, Bytes(0));
  EXPECT_EQ(faults(with(routed, "[core]", "[core, board-a]")),
            "s.yaml:10:20: network.switches[1]: the name \"board-a\" is taken; names of devices and switches "
            "are unique\n");
  EXPECT_EQ(faults(with(routed, "[board-b, core]", "[board-b, cor]")),
            "s.yaml:14:27: network.links[2].between[1] names \"cor\", which is not a device; did you mean "
            "\"core\"?\n");
}

TEST(NetworkSection, PresetsHaveDirectionsAndSources) {
  const std::string page = read_text_file(std::string(MILLRACE_SOURCE_DIR) + "/scenarios/README.md").value();
  for (const auto& preset : link_presets()) {
    EXPECT_NE(page.find(fmt::format("| `{}` |", preset.name)), std::string::npos) << preset.name;
    EXPECT_NE(page.find(preset.source), std::string::npos) << preset.name;
    EXPECT_GT(preset.up.rate, BitRate(0));
  }
  for (const auto& name : preset_names()) EXPECT_TRUE(preset_by_name(name, false)) << name;
  const auto pair = read(changed("rate: 20 Mbit/s, delay: 5 ms", "preset: 3g"));
  ASSERT_TRUE(pair.scenario) << to_string(pair.problems);
  EXPECT_EQ(pair.scenario->network.links[2].rate, BitRate::kbit(768)) << "from the first of `between`: up";
  EXPECT_EQ(pair.scenario->network.links[3].rate, BitRate::kbit(1'600));
  const auto down = read(changed("rate: 20 Mbit/s, delay: 5 ms", "preset: 3g-down"));
  EXPECT_EQ(down.scenario.value().network.links[2].rate, BitRate::kbit(1'600));
  EXPECT_EQ(faults(changed("rate: 20 Mbit/s, delay: 5 ms", "delay: 5 ms")),
            "s.yaml:12:7: network.links[1] needs rate, or trace, or preset\n");
}

TEST(NetworkSection, KeysThatDoNotFitTheKindAreRefused) {
  EXPECT_EQ(faults(with(joined_by(kLan), ", delay: 1 us", ", hub: camera")),
            "s.yaml:11:91: network.segments[0].hub has no effect with kind: csma; remove it\n");
  EXPECT_EQ(faults(with(joined_by(kLan), ", rate: 100 Mbit/s", "")),
            "s.yaml:11:7: network.segments[0] needs rate with kind: csma\n");
  EXPECT_EQ(faults(with(joined_by(kLan), "  segments", "  transport: raw\n  segments")),
            "s.yaml:12:25: network.segments[0].kind needs network.transport: tcp; bare packets are never "
            "dropped and never share\n");
  EXPECT_EQ(
      faults(with(joined_by(kLan), "board-a, board-b", "board-a, board-c")),
      "s.yaml:11:58: network.segments[0].members[2] names \"board-c\", which is not a device; did you mean "
      "\"board-a\"?\n");
  EXPECT_EQ(faults(with(joined_by(kStar), "[board-b]", "[board-a]")),
            "s.yaml:16:11: network.segments[0].access[0] connects board-a to base already; one link per "
            "direction\n");
}

TEST(NetworkSection, LossModelsMustLetSomethingThrough) {
  const auto model = [](const std::string& text) {
    return faults(changed("delay: 5 ms", "loss_model: " + text));
  };
  EXPECT_EQ(model("{p: 0.01, r: 0.3}"), "");
  EXPECT_EQ(model("{p: 0.01, r: 0}"),
            "s.yaml:12:66: network.links[1].loss_model never leaves its bad state: r must be above 0\n");
  EXPECT_EQ(faults(changed("delay: 5 ms", "loss: 0.1, loss_model: {p: 0.01, r: 1}")),
            "s.yaml:12:77: network.links[1] has loss and loss_model; give only one of them\n");
}

TEST(NetworkSection, CrossTrafficIsChecked) {
  const auto cross = [](const std::string& text) {
    return faults(changed("policy:\n", "  cross_traffic: [" + text + "]\npolicy:\n"));
  };
  EXPECT_EQ(cross("{from: camera, to: board-b, kind: on-off, rate: 1 Mbit/s, periods: exponential}"), "");
  EXPECT_EQ(cross("{from: camera, to: board-b, kind: tcp-bulk, start: 1 s, stop: 2 s}"), "");
  EXPECT_EQ(cross("{from: camera, to: board-b, kind: on-off}"),
            "s.yaml:14:19: network.cross_traffic[0] needs rate with kind: on-off\n");
  EXPECT_EQ(cross("{from: camera, to: board-b, kind: tcp-bulk, rate: 1 Mbit/s}"),
            "s.yaml:14:69: network.cross_traffic[0].rate has no effect with kind: tcp-bulk; remove it\n");
  EXPECT_EQ(cross("{from: camera, to: board-b, kind: tcp-bulk, on_time: 1 s}"),
            "s.yaml:14:72: network.cross_traffic[0].on_time has no effect with kind: tcp-bulk; remove it\n");
  EXPECT_EQ(cross("{from: camera, to: camera, kind: tcp-bulk}"),
            "s.yaml:14:38: network.cross_traffic[0] goes from a device to itself; name two devices\n");
  EXPECT_EQ(cross("{from: camera, to: board-b, kind: tcp-bulk, start: 1 s, stop: 1 s}"),
            "s.yaml:14:81: network.cross_traffic[0].stop must be after its start\n");
}

}  // namespace
}  // namespace millrace
