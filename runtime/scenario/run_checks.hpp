// What `run` must be together with the rest of a scenario.
#pragma once

#include "runtime/scenario/problem_log.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

void check_run(const Scenario& scenario, ProblemLog& log);

}  // namespace millrace
