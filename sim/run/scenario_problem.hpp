// A scenario as a planning problem: costs from its devices' profiles or speeds, sizes from its codec and the
// packets' headers, rates from its links. Surprising fact: a changing link counts as one number, its mean
// unless LinkReckoning says otherwise, and a route over several links as the slowest of them, separately for
// each hop of the pipeline; a link that several hops share is a bottleneck of its own
// (runtime/planner/README.md). So where links change, plans are simulated too (sim/run/planned_scenario.hpp).
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

// The goal is that of policy.partition. For kind `joint` the problem has a coding for each width of its
// accuracy table, usable at the cuts that the table has, and memory is reserved for the widest; other kinds
// have one coding. A stage's memory is fp32 weights, a window of encodings waiting on either side, one
// decoded input and one output, and the largest intermediate of a sub-layer. Errors: profiles or traces that
// cannot be read, devices without a cost.
Result<PlanningProblem> planning_problem_of(const Scenario& scenario);

// The same for a network that has been built by planning_network_of().
Result<PlanningProblem> planning_problem_of(const Scenario& scenario, const NetworkSpec& spec);
// The scenario's network, with its traces read and its events worked in, checked.
Result<NetworkSpec> planning_network_of(const Scenario& scenario);

// Whether a policy chooses the bits during the run.
bool adaptive(const Scenario& scenario);
// For people: what plans of the problem may use and the model knows only by a mean.
std::vector<std::string> known_by_mean(const Scenario& scenario, const NetworkSpec& spec,
                                       const PlanningProblem& problem);

// Recalculates the links and hops of the problem.
void reckon_links(const NetworkSpec& spec, const LinkReckoning& how, PlanningProblem& problem);
// Replaces the problem's codings by one with this many bits.
Result<void> reckon_bits(const Scenario& scenario, const NetworkSpec& spec, double bits,
                         PlanningProblem& problem);

// Fills only the memory of stages: no costs, no links. `bits`: per value of the encodings in buffers.
Result<void> fill_memory(const Scenario& scenario, double bits, PlanningProblem& problem);

}  // namespace millrace
