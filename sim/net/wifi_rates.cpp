#include "sim/net/wifi_rates.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace millrace {

std::optional<BitRate> wifi_peak_rate(const std::string& standard) {
  constexpr std::array<std::pair<const char*, std::int64_t>, 5> kKbit{{{"802.11a", 54'000},
                                                                       {"802.11g", 54'000},
                                                                       {"802.11n", 65'000},
                                                                       {"802.11ac", 390'000},
                                                                       {"802.11ax", 480'400}}};
  const auto found =
      std::find_if(kKbit.begin(), kKbit.end(), [&](const auto& entry) { return entry.first == standard; });
  return found == kKbit.end() ? std::nullopt : std::optional(BitRate::kbit(found->second));
}

}  // namespace millrace
