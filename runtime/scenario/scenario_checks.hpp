// Checks across a scenario's values: names that refer to each other, cuts within the model, a pipeline whose
// devices can reach each other. No check reports a value that was reported before.
#pragma once

#include "runtime/scenario/scenario_fill.hpp"

namespace millrace {

void check_scenario(const FilledScenario& filled, ProblemLog& log);

}  // namespace millrace
