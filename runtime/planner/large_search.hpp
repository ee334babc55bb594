// Plans for too many devices to enumerate their subsets. Devices that are nearly alike are grouped. Taking
// every device of a group to be its best bounds the bottleneck from below (an exact search over groups);
// taking it to be the worst gives plans that the real devices can carry out. An order of devices is then
// improved by moves, with the cuts of every order exact.
#pragma once

#include <optional>

#include "runtime/planner/goal_search.hpp"
#include "runtime/planner/planning_watch.hpp"

namespace millrace {

struct LargeAnswer {
  GoalAnswer answer;         // types are those of `space`
  double lower_bound_s = 0;  // no plan has a shorter bottleneck
  bool interrupted = false;
};

// Repeatable: the moves come from Random(1, "planner orders"). REQUIRES a space with one device per type.
LargeAnswer search_large(const SearchSpace& space, const PlanningWatch& watch);

}  // namespace millrace
