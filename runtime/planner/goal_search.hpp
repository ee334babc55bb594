// From "is there a placement within this bottleneck" to the goal of a problem: shortest bottleneck, with or
// without a bound on latency or accuracy lost; least latency or loss at a rate. Exact if the PlacementSearch
// is. Surprising fact: the bottleneck is found by bisection over real numbers, yet exactly: every placement
// found replaces the upper end by its own bottleneck, and the last question asks for anything shorter at all.
#pragma once

#include <functional>
#include <optional>

#include "runtime/planner/placement_search.hpp"

namespace millrace {

// The longest stage or hop of a placement. Compared exactly with what PlacementSearch::reach() was asked for.
double period_of(const SearchSpace& space, const Placement& placement);
PlanCost cost_of(const SearchSpace& space, const Placement& placement, CostKind kind);

// Bounds hold up to this share, so that a bound copied from a printed prediction can be met.
inline constexpr double kBoundSlack = 1e-9;

struct GoalAnswer {
  std::optional<Placement> placement;
  // Why there is none, as far as rate, latency and accuracy are concerned; empty: nothing fits at all.
  std::string finding;
};

class GoalSearch {
 public:
  // Both outlive it.
  GoalSearch(const SearchSpace& space, PlacementSearch& search) : space_(space), search_(search) {}

  // The goal of the space's problem.
  GoalAnswer run();
  // A placement of the shortest bottleneck; `lower_s`: nothing is shorter.
  std::optional<Placement> shortest_bottleneck(double lower_s);
  bool ended() const { return search_.ended() != PlacementSearch::End::none; }

 private:
  using Check = std::function<std::optional<Placement>(double period_s)>;
  std::optional<Placement> shortest(const Check& check, double lower_s);
  GoalAnswer within_cost(CostKind kind, double most, const Placement& unbounded, double period_s);
  double longest_period_s() const;

  const SearchSpace& space_;
  PlacementSearch& search_;
};

}  // namespace millrace
