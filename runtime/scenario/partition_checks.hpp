// Checks across the keys of `policy.partition`: each kind of planner takes only the goals that it knows, and
// `joint` needs one. Devices and cuts are checked in scenario_checks.cpp.
#pragma once

#include "runtime/scenario/scenario.hpp"
#include "runtime/yaml/problem_log.hpp"

namespace millrace {

void check_partition_goal(const Scenario& scenario, ProblemLog& log);

}  // namespace millrace
