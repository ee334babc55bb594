// Exact search over the placements a PlacementGraph permits: is there one within a bottleneck value, and
// which one within it costs least. Surprising fact: whole sets of cuts are carried along as bit masks, so one
// bottleneck value is decided for all cuts of all subsets of devices at once.
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

// Nothing: there is none, or the search was ended; see PlacementSearch::ended().
struct CostedPlacement {
  Placement placement;
  PlanCost cost;
};

class PlacementSearch {
 public:
  // `share` of the search; false ends it.
  using Watch = std::function<bool(double share)>;
  enum class End : std::uint8_t { none, by_watch, too_large };

  virtual ~PlacementSearch() = default;
  // Some placement whose stages and hops all take at most `period_s`.
  virtual std::optional<Placement> reach(double period_s) = 0;
  // Of those, one of least cost, unless all cost more than `at_most`.
  virtual std::optional<CostedPlacement> cheapest(double period_s, CostKind kind, PlanCost at_most) = 0;

  End ended() const { return ended_; }

 protected:
  End ended_ = End::none;
};

// Over subsets of the space's devices: exact. Nothing where the tables would exceed kMaxSubsetTable.
inline constexpr double kMaxSubsetTableBytes = 512.0 * 1024 * 1024;
double subset_table_bytes(const SearchSpace& space);
// `space` outlives the search.
std::unique_ptr<PlacementSearch> make_subset_search(const SearchSpace& space, PlacementSearch::Watch watch);

// Along given orders of device types, in which no type occurs more often than it has members.
class OrderSearch : public PlacementSearch {
 public:
  virtual void set_order(std::vector<std::size_t> types) = 0;
};
std::unique_ptr<OrderSearch> make_order_search(const SearchSpace& space, PlacementSearch::Watch watch);

}  // namespace millrace
