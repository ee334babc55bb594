// From a scenario's network section to what the simulated networks and real links are built of.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// What the scenario's links are to the simulated networks; reads its traces.
Result<NetworkSpec> build_network_spec(const Scenario& scenario);

}  // namespace millrace
