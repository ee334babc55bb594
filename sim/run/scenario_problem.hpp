// A scenario as a planning problem: costs from its devices' profiles or speeds, sizes from its codec and the
// packets' headers, rates from its links. Surprising fact: a link that follows a trace counts with the
// trace's mean rate, and a way over several links with the slowest of them, each hop of the pipeline for
// itself; a link that several hops share is a bottleneck of its own (runtime/policy/README.md).
#pragma once

#include "runtime/policy/planning_problem.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

// The goal is that of policy.partition. Of kind `joint` the problem has a coding for each width of its
// accuracy table, possible where the table has the cut, and memory reserves for the widest; else it has one.
// Memory is charged with what a stage holds: fp32 weights, window encodings waiting on either side, one
// decoded input and one output, and the largest intermediate of a sub-layer. Errors: profiles or traces that
// cannot be read, devices without a cost.
Result<PlanningProblem> planning_problem_of(const Scenario& scenario);

// Only the part of it that says what stages hold: no costs, no links. `bits` of what waits in buffers.
Result<void> fill_memory(const Scenario& scenario, double bits, PlanningProblem& problem);

}  // namespace millrace
