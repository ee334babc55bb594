// A scenario's request to the planner, and the planner's answer as a plan of the scenario; shared by the code
// that states the problem, solves it and tries the plans.
#pragma once

#include <chrono>

#include "runtime/planner/plan.hpp"
#include "runtime/planner/planner.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

// A PlanningWatch: a line on stderr every few seconds, and Ctrl-C.
class PlanningLog {
 public:
  bool operator()(const PlanningProgress& progress);

 private:
  static constexpr std::chrono::seconds kEvery{2};
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + kEvery;
};

// The goal in policy.partition.
PlanningGoal planning_goal_of(const PolicySection::Partition& partition);
// The kind, cuts and devices in policy.partition, without comparisons. Leaves out devices that the scenario
// does not have.
PlanningRequest planning_request_of(const Scenario& scenario);
// REQUIRES a result of the problem, and a problem of the scenario. A plan of kind `joint` has the bits of
// every cut.
Plan plan_of(const Scenario& scenario, const PlanningProblem& problem, const PlanningResult& result);

}  // namespace millrace
