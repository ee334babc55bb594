// Plans that differ little from a plan, and how many plans there are: what trying plans one by one needs.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/planner/planning_problem.hpp"
#include "runtime/planner/planning_result.hpp"

namespace millrace {

// Cuts moved by 1 to 8, two stages joined on either device, another coding, two devices exchanged, and a
// device that is not used in the place of another or with a part of a stage. Constraints are not looked at.
std::vector<std::vector<PlannedStage>> neighbours_of(const PlanningProblem& problem,
                                                     const std::vector<PlannedStage>& stages);

bool is_idle(const std::vector<PlannedStage>& stages, std::size_t device);

struct PlanCount {
  double plans = 0, stages = 0;  // stages: of all plans together
};
// All orders of devices, all cuts, all codings.
PlanCount count_plans(const PlanningProblem& problem);

}  // namespace millrace
