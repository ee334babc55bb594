// What a scenario asks of the planner, and the planner's answer as a plan of the scenario; shared by those
// who state the problem, solve it and try the plans.
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

// What policy.partition asks for.
PlanningGoal planning_goal_of(const PolicySection::Partition& partition);
// Its kind, cuts and devices, without comparisons. Devices the scenario does not have are left out.
PlanningRequest planning_request_of(const Scenario& scenario);
// REQUIRES a result of the problem, which is of the scenario. Of `joint` with the bits of every cut.
Plan plan_of(const Scenario& scenario, const PlanningProblem& problem, const PlanningResult& result);

}  // namespace millrace
