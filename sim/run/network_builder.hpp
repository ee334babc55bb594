// From a scenario's network section to the NetworkSpec of simulated networks and real links.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// The scenario's network as a NetworkSpec; reads its traces.
Result<NetworkSpec> build_network_spec(const Scenario& scenario);

}  // namespace millrace
