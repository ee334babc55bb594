// Functions of any LinkRate, whichever of the three kinds it is.
#pragma once

#include <memory>

#include "sim/net/delivery_schedule.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

// The rate over time. A delivery schedule becomes its 12,000 bit per opportunity, spread over 1 ms each.
std::shared_ptr<const RateTrace> rate_trace_of(const LinkRate& rate);

}  // namespace millrace
