// Planning algorithms by name over one PlanningProblem. `optimal` and `joint` are exact wherever the tables
// they need fit (devices that are the same in every number count as one type); beyond that they return the
// best plan found and a lower bound that no plan can beat. The error of an infeasible problem says what is
// missing.
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
  // even, pipedream, fixed: the devices that take the stages, in order; empty: all that may run a stage.
  std::vector<std::size_t> devices{};
  bool compare = true;    // predict the other algorithms' plans as well
  PlanningWatch watch{};  // may be empty
};

std::vector<std::string> planning_algorithms();

// REQUIRES check_problem(). Errors by exit code: run_failed if no plan exists, with what is missing
// ("ViT-Huge needs 2.4 GiB on one of: …"); invalid_input if the request is at fault (algorithm, cuts).
Result<PlanningResult> plan_pipeline(const PlanningProblem& problem, const PlanningRequest& request);

// The other algorithms' predictions, for plans made without `compare`.
void add_planning_alternatives(const PlanningProblem& problem, const PlanningRequest& request,
                               PlanningResult& result);

}  // namespace millrace
