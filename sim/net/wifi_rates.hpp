// What of a Wi-Fi standard is known without simulating it: the fastest modulation of one spatial stream on
// the channel width that ns-3 takes by default. No goodput comes near it: preambles, back-off,
// acknowledgements and contention are not in it.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/units.hpp"

namespace millrace {

// Nothing for names that are no standard here. 802.11a and g: 20 MHz; n: MCS 7 on 20 MHz; ac: MCS 9 on
// 80 MHz; ax: MCS 11 on 80 MHz; guard intervals 0.8 us, with ax 3.2 us.
std::optional<BitRate> wifi_peak_rate(const std::string& standard);

// What a frame of Wi-Fi holds of an IP packet: MSDU of 2304 bytes less the LLC header.
inline constexpr Bytes kWifiMaxMtu = Bytes(2296);

}  // namespace millrace
