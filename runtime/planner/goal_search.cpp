#include "runtime/planner/goal_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace millrace {

namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();
constexpr double kNarrow = 1e-4;  // width of the interval, as a share, at which to ask for anything shorter
const PlanCost kAnyCost{kForever, kForever};

}  // namespace

double period_of(const SearchSpace& space, const Placement& placement) {
  double longest = space.transfer(space.outside(), placement.front().type, 0, 0).period_s;
  int cut = 0;
  for (std::size_t s = 0; s < placement.size(); ++s) {
    const auto& [type, last, coding] = placement[s];
    const auto next = s + 1 < placement.size() ? placement[s + 1].type : space.outside();
    longest = std::max(
        {longest, space.stage_s(type, cut, last), space.transfer(type, next, last, coding).period_s});
    cut = last;
  }
  return longest;
}

PlanCost cost_of(const SearchSpace& space, const Placement& placement, CostKind kind) {
  const auto hop = [&](std::size_t from, std::size_t to, int cut, std::size_t coding) {
    const auto sent = space.transfer(from, to, cut, coding);
    return kind == CostKind::latency ? PlanCost{sent.latency_s, 0} : PlanCost{sent.loss, sent.latency_s};
  };
  PlanCost cost = hop(space.outside(), placement.front().type, 0, 0);
  int cut = 0;
  for (std::size_t s = 0; s < placement.size(); ++s) {
    const auto& [type, last, coding] = placement[s];
    const auto next = s + 1 < placement.size() ? placement[s + 1].type : space.outside();
    cost = cost + space.stage_cost(type, cut, last, kind) + hop(type, next, last, coding);
    cut = last;
  }
  return cost;
}

std::optional<Placement> GoalSearch::shortest(const Check& check, double lower_s) {
  auto best = check(kForever);
  if (!best) return std::nullopt;
  double above = period_of(space_, *best), below = lower_s;
  while (above > below) {
    const double shorter = std::nextafter(above, 0.0);
    const bool last = above - below <= kNarrow * above;
    const double asked = last ? shorter : std::min(shorter, below + (above - below) / 2);
    auto found = check(asked);
    if (ended()) return std::nullopt;
    if (found) {
      above = period_of(space_, *found);
      best = std::move(found);
    } else if (last) {
      break;
    } else {
      below = asked;
    }
  }
  return best;
}

std::optional<Placement> GoalSearch::shortest_bottleneck(double lower_s) {
  return shortest([this](double period_s) { return search_.reach(period_s); }, lower_s);
}

double GoalSearch::longest_period_s() const {
  const auto& problem = space_.problem();
  if (problem.goal.target_images_per_s == 0) return kForever;
  return problem.images / problem.goal.target_images_per_s * (1 + kBoundSlack);
}

// The shortest bottleneck among placements whose first cost is at most `most`. `unbounded` is a placement of
// the shortest bottleneck at any cost; `period_s` is that bottleneck.
GoalAnswer GoalSearch::within_cost(CostKind kind, double most, const Placement& unbounded, double period_s) {
  const PlanCost at_most{most, kForever};
  const auto cheapest = [&](double period) -> std::optional<Placement> {
    auto found = search_.cheapest(period, kind, at_most);
    if (!found || at_most < found->cost) return std::nullopt;
    return std::move(found->placement);
  };
  if (auto known = search_.cheapest(period_s, kind, at_most); known && !(at_most < known->cost))
    return {std::move(known->placement), {}};
  if (ended()) return {};
  if (auto found = shortest(cheapest, period_of(space_, unbounded))) {
    // Of the placements with that bottleneck, the cheapest.
    auto best = search_.cheapest(period_of(space_, *found), kind, kAnyCost);
    return {best ? std::move(best->placement) : std::move(*found), {}};
  }
  if (ended()) return {};
  const auto least = search_.cheapest(kForever, kind, kAnyCost);
  if (!least) return {};
  if (kind == CostKind::latency)
    return {{}, fmt::format("the shortest fill latency possible is {:.6g} s", least->cost.first)};
  return {{},
          fmt::format(
              "the best predicted accuracy possible is {:.4f}",
              space_.problem().baseline_accuracy * std::exp(-least->cost.first / SearchSpace::kLossPerNat))};
}

GoalAnswer GoalSearch::run() {
  const auto& problem = space_.problem();
  const auto& goal = problem.goal;
  using Objective = PlanningGoal::Objective;
  const double longest_s = longest_period_s();
  const auto kind = goal.objective == Objective::accuracy ? CostKind::loss : CostKind::latency;
  if (goal.objective != Objective::throughput) {
    if (auto best = search_.cheapest(longest_s, kind, kAnyCost)) return {std::move(best->placement), {}};
    if (ended()) return {};
  }
  const auto fastest = shortest_bottleneck(space_.bottleneck_bound_s());
  if (ended() || !fastest) return {};
  const double shortest_s = period_of(space_, *fastest);
  if (shortest_s > longest_s || goal.objective != Objective::throughput)
    return {{},
            fmt::format("the fastest plan reaches {:.6g} images/s, {:.6g} are asked for",
                        problem.images / shortest_s, goal.target_images_per_s)};
  if (goal.accuracy_floor > 0) {
    // Losses are rounded to units of 1e-12: the slack keeps rounding from excluding what meets the floor.
    const double nats = std::log(problem.baseline_accuracy / goal.accuracy_floor);
    if (nats < 0) return {{}, fmt::format("the baseline accuracy is {:.4f}", problem.baseline_accuracy)};
    auto answer =
        within_cost(CostKind::loss, (nats + kBoundSlack) * SearchSpace::kLossPerNat, *fastest, shortest_s);
    if (answer.placement && period_of(space_, *answer.placement) > longest_s)
      return {{},
              fmt::format("with the accuracy asked for, the fastest plan reaches {:.6g} images/s",
                          problem.images / period_of(space_, *answer.placement))};
    return answer;
  }
  const double latency_s = goal.latency_bound_s * (1 + kBoundSlack);
  auto answer = within_cost(CostKind::latency, latency_s, *fastest, shortest_s);
  if (answer.placement && period_of(space_, *answer.placement) > longest_s)
    return {{},
            fmt::format("within the latency bound, the fastest plan reaches {:.6g} images/s",
                        problem.images / period_of(space_, *answer.placement))};
  return answer;
}

}  // namespace millrace
