// A scenario's plan and its figures: the model's prediction, the bound that no plan exceeds, and the figures
// of mode simulate over the run's own window.
//
// The model knows one rate per link. If that describes the network (constant links without loss, fixed bits),
// the model's optimum is the plan. Else up to kCandidates of the best plans it finds are simulated, and the
// best of them in the simulation is chosen, then varied (cuts moved, stages joined and split, devices
// exchanged) for as long as that helps and kMostWork lasts; where simulating all plans takes little more, all
// are simulated. The candidates are exact optima of different problems: the links' mean over their traces,
// over the run's window, over each quarter of it; slower links; an adaptive policy's fewest and most bits;
// and without a device or a link that the best plan uses. Surprising fact: the first candidate is the plan
// that the model alone would choose, so trying others never makes a plan worse.
#pragma once

#include "runtime/planner/plan.hpp"
#include "runtime/planner/planner.hpp"
#include "runtime/planner/planning_problem.hpp"
#include "runtime/planner/planning_result.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

inline constexpr std::size_t kCandidates = 8;
// The work limit for simulating other plans than the first, in the unit of DryRun::work(): some seconds.
inline constexpr std::uint64_t kMostWork = 500'000;

struct PlannedScenario {
  PlanningProblem problem;  // links as their mean over the run's window, where they change
  PlanningResult result;
  Plan plan;
};

// Plans by the request's algorithm. Errors as those of planning_problem_of() and plan_pipeline(). `network`:
// planning_network_of(scenario) where the caller has it.
Result<PlannedScenario> plan_scenario(const Scenario& scenario, const PlanningRequest& request,
                                      const NetworkSpec* network = nullptr);

}  // namespace millrace
