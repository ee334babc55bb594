// Plans where hops share links. The searches take every hop for its own, which never makes a plan slower than
// it is: their optimum bounds all plans, and where no link of it is shared, or none that is matters, it is
// optimal. Else hops over the links in question are taken for slower and the search is asked again, a few
// times: a heuristic.
#pragma once

#include <functional>

#include "runtime/base/result.hpp"
#include "runtime/planner/planning_result.hpp"

namespace millrace {

// A search that leaves `links` aside.
using UnsharedSearch = std::function<Result<PlanningResult>(const PlanningProblem&)>;

// The best plan found; `exact` and `lower_bound_s` say what is known of it with sharing. An error where no
// plan found meets the goal's rate.
Result<PlanningResult> search_shared_links(const PlanningProblem& problem, const UnsharedSearch& search);

}  // namespace millrace
