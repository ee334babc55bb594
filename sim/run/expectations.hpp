// Whether a finished run is what the scenario's `expect` says.
#pragma once

#include <string>
#include <vector>

#include "runtime/scenario/scenario.hpp"
#include "sim/run/summary.hpp"

namespace millrace {

// A sentence for each expectation that is not met; a figure that the run does not have (accuracy without
// labels) meets nothing.
std::vector<std::string> unmet_expectations(const Scenario& scenario, const Summary& summary);

}  // namespace millrace
