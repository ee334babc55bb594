// Planning algorithms by name over one PlanningProblem. `optimal` and `joint` are exact wherever the tables
// they need fit (devices that are the same in every number count as one type); beyond that they answer the
// best plan found and a lower bound that no plan can beat. Infeasible problems say what is missing.
#pragma once

#include <string>
#include <vector>

#include "runtime/planner/planning_problem.hpp"
#include "runtime/planner/planning_result.hpp"
#include "runtime/planner/planning_watch.hpp"

namespace millrace {

struct PlanningRequest {
  std::string algorithm = "optimal";  // optimal | joint | even | pipedream | fixed
  std::vector<int> cuts{};            // fixed: after which sub-layers
  // even, pipedream, fixed: which devices take the stages, in order; empty: all that may, in order.
  std::vector<std::size_t> devices{};
  bool compare = true;    // predict the other algorithms' plans as well
  PlanningWatch watch{};  // may be empty
};

std::vector<std::string> planning_algorithms();

// REQUIRES check_problem(). An error of exit code run_failed: nothing fits, with what is missing ("ViT-Huge
// needs 2.4 GiB on one of: …"); of invalid_input: the request itself (an unknown algorithm, cuts).
Result<PlanningResult> plan_pipeline(const PlanningProblem& problem, const PlanningRequest& request);

// The other algorithms' predictions, for plans made without `compare`.
void add_planning_alternatives(const PlanningProblem& problem, const PlanningRequest& request,
                               PlanningResult& result);

}  // namespace millrace
