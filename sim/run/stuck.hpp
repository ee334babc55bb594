// Explains why nothing arrives in a run that is stuck because a link carries nothing any more.
#pragma once

#include <string>

#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// The cause on the route from one device to another, at the instant where the run stands: an event that took
// a link down, a trace that has ended, loss, the range of a radio. Names the links of the route if no cause
// is visible. REQUIRES that `spec` was made from `scenario`.
std::string why_nothing_arrives(const Scenario& scenario, const NetworkSpec& spec, DeviceId from, DeviceId to,
                                Time at);

}  // namespace millrace
