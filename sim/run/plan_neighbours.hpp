// Plans that differ little from a plan, and the number of all plans, for trying plans one by one.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/planner/planning_problem.hpp"
#include "runtime/planner/planning_result.hpp"

namespace millrace {

// Cuts moved by 1 to 8, two stages joined on either device, another coding, two devices exchanged, and an
// unused device in the place of another or with a part of a stage. Does not check constraints.
std::vector<std::vector<PlannedStage>> neighbours_of(const PlanningProblem& problem,
                                                     const std::vector<PlannedStage>& stages);

bool is_idle(const std::vector<PlannedStage>& stages, std::size_t device);

struct PlanCount {
  double plans = 0, stages = 0;  // stages: the sum over all plans
};
// All orders of devices, all cuts, all codings.
PlanCount count_plans(const PlanningProblem& problem);

}  // namespace millrace
