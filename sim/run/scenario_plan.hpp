// The plan of a scenario by its own policy.partition: by counting or as given (runtime/policy/registry.hpp),
// or by the planner from what devices and links cost, and by simulation (planned_scenario.hpp). Surprising
// fact: memory is a hard constraint for every kind, but for the plans nobody searched only what is certain
// counts: see check_memory().
#pragma once

#include <chrono>

#include "runtime/policy/plan.hpp"
#include "runtime/policy/planner.hpp"
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

// Errors: exit code 1 where nothing fits, with what is missing; 3 where the scenario's files or keys are at
// fault. Ctrl-C ends a search.
Result<Plan> make_scenario_plan(const Scenario& scenario);

// A stage whose weights alone exceed its device's memory cannot run: exit code 1. Where they fit, but the
// planner's estimate with buffers, activations and working set does not, there is a warning to return.
Result<std::vector<std::string>> check_memory(const Scenario& scenario, const Plan& plan);

}  // namespace millrace
