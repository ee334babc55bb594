// Why no plan exists at any rate: too little memory (how much would suffice, and on which device), or no way
// between devices.
#pragma once

#include <string>

#include "runtime/planner/planning_problem.hpp"
#include "runtime/planner/planning_watch.hpp"

namespace millrace {

// A sentence: "ViT-Huge needs 2.4 GiB on one of: board-a (has 1.0 GiB), …". REQUIRES that nothing fits.
std::string what_is_missing(const PlanningProblem& problem, const PlanningWatch& watch);

}  // namespace millrace
