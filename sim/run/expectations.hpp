// Whether a finished run meets the scenario's `expect`.
#pragma once

#include <string>
#include <vector>

#include "runtime/scenario/scenario.hpp"
#include "sim/run/summary.hpp"

namespace millrace {

// A sentence for each expectation that is not met; a figure that the run lacks (accuracy without labels)
// meets no expectation.
std::vector<std::string> unmet_expectations(const Scenario& scenario, const Summary& summary);

}  // namespace millrace
