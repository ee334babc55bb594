// What a scenario's values must be together: names that refer to each other, cuts within the model, a
// pipeline whose devices can reach each other. Each check keeps silent about values that were reported
// before.
#pragma once

#include "runtime/scenario/scenario_fill.hpp"

namespace millrace {

void check_scenario(const FilledScenario& filled, ProblemLog& log);

}  // namespace millrace
