// What is known of a Wi-Fi standard without simulating it: the fastest modulation of one spatial stream on
// the channel width that ns-3 uses by default. Goodput is far lower: this rate leaves out preambles,
// back-off, acknowledgements and contention.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/units.hpp"

namespace millrace {

// Nothing for names of unknown standards. 802.11a and g: 20 MHz; n: MCS 7 on 20 MHz; ac: MCS 9 on
// 80 MHz; ax: MCS 11 on 80 MHz; guard intervals 0.8 us, with ax 3.2 us.
std::optional<BitRate> wifi_peak_rate(const std::string& standard);

// The largest IP packet in a frame of Wi-Fi: an MSDU of 2304 bytes less the LLC header.
inline constexpr Bytes kWifiMaxMtu = Bytes(2296);

}  // namespace millrace
