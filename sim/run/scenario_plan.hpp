// The plan of a scenario by its own policy.partition: by counting or as given
// (runtime/planner/partition.hpp), or by the planner from what devices and links cost, and by simulation
// (planned_scenario.hpp). Surprising fact: memory is a hard constraint for every kind, but plans that were
// not searched are refused only where memory is certain not to suffice: see check_memory().
#pragma once

#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/run/planning_request.hpp"

namespace millrace {

// Errors: exit code 1 where no plan fits, with the memory that is missing; 3 where the scenario's files or
// keys are at fault. Ctrl-C ends a search. `network`: planning_network_of(scenario) where the caller has it;
// else it is built where a plan depends on it.
Result<Plan> make_scenario_plan(const Scenario& scenario, const NetworkSpec* network = nullptr);

// A stage whose weights alone exceed its device's memory cannot run: exit code 1. Returns a warning for each
// stage whose weights fit, but whose estimate with buffers, activations and working set does not.
Result<std::vector<std::string>> check_memory(const Scenario& scenario, const Plan& plan);

}  // namespace millrace
