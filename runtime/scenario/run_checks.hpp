// Checks `run` against the rest of a scenario.
#pragma once

#include "runtime/scenario/scenario.hpp"
#include "runtime/yaml/problem_log.hpp"

namespace millrace {

void check_run(const Scenario& scenario, ProblemLog& log);

}  // namespace millrace
