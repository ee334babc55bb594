// Why nothing arrives: what a run says that stands still because a link carries nothing any more.
#pragma once

#include <string>

#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// The cause on the way from one device to another, at the instant where the run stands: an event that took a
// link down, a trace that has ended, loss, the reach of a radio. Where there is none to be seen the links of
// the way are named. REQUIRES `spec` to be made of `scenario`.
std::string why_nothing_arrives(const Scenario& scenario, const NetworkSpec& spec, DeviceId from, DeviceId to,
                                Time at);

}  // namespace millrace
