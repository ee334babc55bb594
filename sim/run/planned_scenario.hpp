// A scenario's plan and what is to be said of it: what the model predicts, the bound that no plan exceeds,
// and what mode simulate gives for it over the run's own window.
//
// The model knows one rate per link. Where that is all there is (constant links without loss, fixed bits),
// its optimum stands. Else up to kCandidates of the best plans it finds are simulated, and the best of them
// in the simulation is chosen, then varied (cuts moved, stages joined and split, devices exchanged) for as
// long as that helps and kMostWork lasts; where all plans there are take little more, all are simulated.
// The candidates are exact optima of different questions: the links' mean over their traces, over the run's
// window, over each quarter of it; slower links; an adaptive policy's fewest and most bits; and without a
// device or a way that the best plan uses. Surprising fact: the first candidate is what the model alone would
// choose, so trying others never makes a plan worse.
#pragma once

#include "runtime/planner/plan.hpp"
#include "runtime/planner/planner.hpp"
#include "runtime/planner/planning_problem.hpp"
#include "runtime/planner/planning_result.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

inline constexpr std::size_t kCandidates = 8;
// What simulating other plans than the first may take, in the unit of DryRun::work(): some seconds.
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
