// The tables of links in a run directory: what each link could carry and what it carried. Written at the end,
// when a simulated network knows both.
#pragma once

#include <string>

#include "runtime/base/result.hpp"
#include "sim/net/link_meter.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// bandwidth.csv: rates over [0, end].
Result<void> write_bandwidth(const std::string& directory, const NetworkSpec& links, Time end);
// links.csv: a row per link and interval over [0, end).
Result<void> write_links(const std::string& directory, const NetworkSpec& links, LinkMeter& meter, Time end);

}  // namespace millrace
