// Plans where hops share links. The searches treat every hop as alone on its links, which never makes a plan
// slower than it is, so their optimum bounds all plans. If sharing does not slow that plan, it is optimal.
// Else hops over its shared links are made slower and the search is repeated, a few times: a heuristic.
#pragma once

#include <functional>

#include "runtime/base/result.hpp"
#include "runtime/planner/planning_result.hpp"

namespace millrace {

// A search that ignores `links`.
using UnsharedSearch = std::function<Result<PlanningResult>(const PlanningProblem&)>;

// The best plan found; its `exact` and `lower_bound_s` take sharing into account. An error if no plan found
// meets the goal's rate.
Result<PlanningResult> search_shared_links(const PlanningProblem& problem, const UnsharedSearch& search);

}  // namespace millrace
