#include "runtime/planner/large_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/base/random.hpp"
#include "runtime/planner/device_groups.hpp"

namespace millrace {

namespace {

constexpr double kGroupNodes = 200'000;  // nodes of the groups' SubsetGraph: quick to search exactly
constexpr double kMoveWork = 4e8;        // pairs of devices looked at by all moves together
constexpr std::size_t kFewestMoves = 400, kMostMoves = 20'000;
using Order = std::vector<std::size_t>;  // types of the space, one device each

class Large {
 public:
  Large(const SearchSpace& space, const PlanningWatch& watch) : space_(space), watch_(watch) {
    for (std::size_t t = 0; t < space.types(); ++t) {
      type_of_.resize(std::max(type_of_.size(), space.members(t).front() + 1));
      type_of_[space.members(t).front()] = t;
    }
  }

  LargeAnswer run() {
    answer_.lower_bound_s = space_.bottleneck_bound_s();
    const auto groups = group_devices(space_.problem(), kGroupNodes);
    std::vector<Order> orders;
    add_group_order(groups, GroupView::best, orders);
    add_group_order(groups, GroupView::worst, orders);
    orders.push_back(fastest_first());
    choose(orders);
    if (!order_.empty() && !answer_.interrupted) improve();
    finish(orders);
    return std::move(answer_);
  }

 private:
  PlacementSearch::Watch told(std::string phase) {
    return [this, phase = std::move(phase)](double share) {
      if (watch_ && !watch_({phase, share})) answer_.interrupted = true;
      return !answer_.interrupted;
    };
  }

  // The exact plan for the groups, as an order of the real devices; the best view also gives a bound.
  void add_group_order(const DeviceGroups& groups, GroupView view, std::vector<Order>& orders) {
    if (answer_.interrupted) return;
    const PlanningProblem problem = grouped_problem(space_.problem(), groups, view);
    const SearchSpace space(problem);
    if (subset_table_bytes(space) > kMaxSubsetTableBytes) return;
    const auto search =
        make_subset_search(space, told(fmt::format("{} groups of devices, each as its {}", groups.size(),
                                                   view == GroupView::best ? "best" : "worst")));
    const auto placement = GoalSearch(space, *search).shortest_bottleneck(answer_.lower_bound_s);
    if (!placement) return;
    // Slightly lower, so that rounding in sums never lifts the bound above what a plan reaches.
    if (view == GroupView::best)
      answer_.lower_bound_s = std::max(answer_.lower_bound_s, period_of(space, *placement) * (1 - 1e-12));
    std::vector<std::size_t> next(space.types());
    Order order;
    for (const auto& step : *placement)
      order.push_back(type_of_.at(space.members(step.type).at(next[step.type]++)));
    orders.push_back(completed(std::move(order)));
  }

  // The order with all devices that are not in it appended.
  Order completed(Order order) const {
    std::vector<bool> used(space_.types());
    for (const std::size_t t : order) used[t] = true;
    for (std::size_t t = 0; t < used.size(); ++t) {
      if (!used[t]) order.push_back(t);
    }
    return order;
  }

  Order fastest_first() const {
    Order order = completed({});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return space_.stage_s(a, 0, space_.layers()) < space_.stage_s(b, 0, space_.layers());
    });
    return order;
  }

  std::optional<Placement> along(OrderSearch& search, const Order& order) const {
    search.set_order(order);
    return GoalSearch(space_, search).shortest_bottleneck(answer_.lower_bound_s);
  }

  void choose(const std::vector<Order>& orders) {
    const auto search = make_order_search(space_, told("first orders of devices"));
    for (const auto& order : orders) {
      const auto placement = along(*search, order);
      if (!placement) continue;
      const double period_s = period_of(space_, *placement);
      if (!order_.empty() && period_s >= period_s_) continue;
      order_ = order;
      period_s_ = period_s;
    }
  }

  bool at_bound() const { return period_s_ <= answer_.lower_bound_s * (1 + 1e-9); }

  // The order with one device moved, or two exchanged.
  Order moved(Random& random) const {
    Order order = order_;
    const std::size_t a = random.below(order.size()), b = random.below(order.size());
    if (random.below(2) == 0) {
      std::swap(order[a], order[b]);
    } else {
      const std::size_t device = order[a];
      order.erase(order.begin() + static_cast<std::ptrdiff_t>(a));
      order.insert(order.begin() + static_cast<std::ptrdiff_t>(b), device);
    }
    return order;
  }

  // A move stays if the new order permits a shorter bottleneck, or an equal one: plateaus are wide.
  void improve() {
    const auto n = static_cast<double>(space_.types());
    const auto moves = std::clamp(static_cast<std::size_t>(kMoveWork / (n * n)), kFewestMoves, kMostMoves);
    Random random(1, "planner orders");
    const auto shorter = make_order_search(space_, {}), equal = make_order_search(space_, {});
    const auto deeper = make_order_search(space_, {});
    const auto tell = told("moving devices in the order");
    for (std::size_t move = 0; move < moves && !at_bound(); ++move) {
      if (!tell(static_cast<double>(move) / static_cast<double>(moves))) return;
      Order order = moved(random);
      shorter->set_order(order);
      if (shorter->reach(std::nextafter(period_s_, 0.0))) {
        period_s_ = period_of(space_, *along(*deeper, order));
        order_ = std::move(order);
        continue;
      }
      equal->set_order(order);
      if (equal->reach(period_s_)) order_ = std::move(order);
    }
  }

  // The problem's own goal along every order, the best order first; the best answer stays.
  void finish(std::vector<Order>& orders) {
    if (answer_.interrupted) return;
    if (!order_.empty()) orders.insert(orders.begin(), order_);
    const auto search = make_order_search(space_, told("cuts along the order"));
    const bool by_cost = space_.problem().goal.objective != PlanningGoal::Objective::throughput;
    const auto kind = space_.problem().goal.objective == PlanningGoal::Objective::accuracy
                          ? CostKind::loss
                          : CostKind::latency;
    for (const auto& order : orders) {
      search->set_order(order);
      GoalAnswer found = GoalSearch(space_, *search).run();
      if (answer_.interrupted) return;
      if (!found.placement) {
        if (!answer_.answer.placement && answer_.answer.finding.empty()) answer_.answer = std::move(found);
        continue;
      }
      auto& best = answer_.answer.placement;
      const auto better = [&] {
        if (by_cost) return cost_of(space_, *found.placement, kind) < cost_of(space_, *best, kind);
        return period_of(space_, *found.placement) < period_of(space_, *best);
      };
      if (!best || better()) answer_.answer = std::move(found);
    }
  }

  const SearchSpace& space_;
  const PlanningWatch& watch_;
  LargeAnswer answer_;
  std::vector<std::size_t> type_of_;  // by device
  Order order_;
  double period_s_ = std::numeric_limits<double>::infinity();
};

}  // namespace

LargeAnswer search_large(const SearchSpace& space, const PlanningWatch& watch) {
  return Large(space, watch).run();
}

}  // namespace millrace
