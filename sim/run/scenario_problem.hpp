// A scenario as a planning problem: costs from its devices' profiles or speeds, sizes from its codec and the
// packets' headers, rates from its links. Surprising fact: a link that changes counts as one number, its mean
// unless LinkReckoning says otherwise, and a way over several links with the slowest of them, each hop of the
// pipeline for itself; a link that several hops share is a bottleneck of its own (runtime/planner/README.md).
// So where links change, plans are tried as well (sim/run/planned_scenario.hpp).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/planner/planning_problem.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/run/reckoned_link.hpp"

namespace millrace {

// The goal is that of policy.partition. Of kind `joint` the problem has a coding for each width of its
// accuracy table, possible where the table has the cut, and memory reserves for the widest; else it has one.
// Memory is charged with what a stage holds: fp32 weights, window encodings waiting on either side, one
// decoded input and one output, and the largest intermediate of a sub-layer. Errors: profiles or traces that
// cannot be read, devices without a cost.
Result<PlanningProblem> planning_problem_of(const Scenario& scenario);

// The same of a network that has been built: planning_network_of().
Result<PlanningProblem> planning_problem_of(const Scenario& scenario, const NetworkSpec& spec);
// Its traces read and its events worked in, and found sound.
Result<NetworkSpec> planning_network_of(const Scenario& scenario);

// Whether a policy chooses the bits while the run goes on.
bool adaptive(const Scenario& scenario);
// What the model knows by a mean only, of what plans of the problem may use; for people.
std::vector<std::string> known_by_mean(const Scenario& scenario, const NetworkSpec& spec,
                                       const PlanningProblem& problem);

// Does the links and hops of the problem again.
void reckon_links(const NetworkSpec& spec, const LinkReckoning& how, PlanningProblem& problem);
// And its codings: one, of so many bits.
Result<void> reckon_bits(const Scenario& scenario, const NetworkSpec& spec, double bits,
                         PlanningProblem& problem);

// Only the part of it that says what stages hold: no costs, no links. `bits` of what waits in buffers.
Result<void> fill_memory(const Scenario& scenario, double bits, PlanningProblem& problem);

}  // namespace millrace
