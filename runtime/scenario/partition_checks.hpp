// What the keys of `policy.partition` must fulfil together, beside devices and cuts (scenario_checks.cpp):
// who plans needs a goal that its kind knows.
#pragma once

#include "runtime/scenario/scenario.hpp"
#include "runtime/yaml/problem_log.hpp"

namespace millrace {

void check_partition_goal(const Scenario& scenario, ProblemLog& log);

}  // namespace millrace
