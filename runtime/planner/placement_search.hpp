// Exact search over the placements that a graph of placement_graph.hpp permits: whether one exists within a
// bottleneck value, and the cheapest within it. Surprising fact: sets of cuts are carried along as bit masks,
// so one bottleneck value is decided for all cuts of all subsets of devices at once.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/planner/search_space.hpp"

namespace millrace {

struct PlacementStep {
  std::size_t type = 0;    // of the device
  int last = 0;            // the stage's last sub-layer
  std::size_t coding = 0;  // of the cut after it
  bool operator==(const PlacementStep&) const = default;
};
using Placement = std::vector<PlacementStep>;

struct CostedPlacement {
  Placement placement;
  PlanCost cost;
};

class PlacementSearch {
 public:
  // `share`: how much of the search is done. Returning false ends the search.
  using Watch = std::function<bool(double share)>;
  enum class End : std::uint8_t { none, by_watch, too_large };

  virtual ~PlacementSearch() = default;
  // Some placement whose stages and hops all take at most `period_s`. Nothing: there is no such placement, or
  // the search was ended; see ended(). The same holds for cheapest().
  virtual std::optional<Placement> reach(double period_s) = 0;
  // A placement of least cost within `period_s`, unless all cost more than `at_most`.
  virtual std::optional<CostedPlacement> cheapest(double period_s, CostKind kind, PlanCost at_most) = 0;

  End ended() const { return ended_; }

 protected:
  End ended_ = End::none;
};

// The exact search, over subsets of the space's devices, and the memory that its tables take.
inline constexpr double kMaxSubsetTableBytes = 512.0 * 1024 * 1024;
double subset_table_bytes(const SearchSpace& space);
// `space` must outlive the search. REQUIRES subset_table_bytes(space) <= kMaxSubsetTableBytes.
std::unique_ptr<PlacementSearch> make_subset_search(const SearchSpace& space, PlacementSearch::Watch watch);

// Searches along given orders of device types, in which no type occurs more often than it has members.
class OrderSearch : public PlacementSearch {
 public:
  virtual void set_order(std::vector<std::size_t> types) = 0;
};
std::unique_ptr<OrderSearch> make_order_search(const SearchSpace& space, PlacementSearch::Watch watch);

}  // namespace millrace
