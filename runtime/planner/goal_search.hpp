// Reaches the goal of a problem by asking "is there a placement within this bottleneck?": the shortest
// bottleneck, with or without a bound on latency or accuracy lost; least latency or loss at a rate. Exact if
// the PlacementSearch is. Surprising fact: bisection over real numbers finds the exact bottleneck: every
// placement found replaces the upper end by its own bottleneck, and the last step asks for anything shorter.
#pragma once

#include <functional>
#include <optional>

#include "runtime/planner/placement_search.hpp"

namespace millrace {

// The longest stage or hop of a placement. Comparable exactly with the period asked of
// PlacementSearch::reach().
double period_of(const SearchSpace& space, const Placement& placement);
PlanCost cost_of(const SearchSpace& space, const Placement& placement, CostKind kind);

// Bounds hold up to this share, so that a bound copied from a printed prediction can be met.
inline constexpr double kBoundSlack = 1e-9;

struct GoalAnswer {
  std::optional<Placement> placement;
  // Why there is no placement, as far as rate, latency and accuracy are concerned; empty: nothing fits.
  std::string finding;
};

class GoalSearch {
 public:
  // Both must outlive the object.
  GoalSearch(const SearchSpace& space, PlacementSearch& search) : space_(space), search_(search) {}

  // The goal of the space's problem.
  GoalAnswer run();
  // A placement of the shortest bottleneck; `lower_s` is a lower bound of it.
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
