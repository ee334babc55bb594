#include "runtime/planner/shared_links.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {

namespace {

constexpr int kRounds = 8;
constexpr double kSlack = 1 + 1e-9;
using Objective = PlanningGoal::Objective;

class SharedLinks {
 public:
  SharedLinks(const PlanningProblem& problem, const UnsharedSearch& search)
      : problem_(problem), search_(search), slower_(problem.links.size(), 1) {}

  Result<PlanningResult> run() {
    auto relaxed = search_(as_slow_as_known());
    if (!relaxed) return relaxed;
    PlanningResult best = shared(*relaxed);
    if (settled(*relaxed, best)) {
      best.exact = relaxed->exact;
      return best;
    }
    PlanningResult last = best;
    for (int round = 0; round < kRounds && slow_down(last); ++round) {
      const auto other = search_(as_slow_as_known());
      if (!other) break;
      last = shared(*other);
      if (better(last, best)) best = last;
    }
    best.exact = false;
    best.lower_bound_s = relaxed->lower_bound_s;
    if (problem_.goal.objective == Objective::throughput)
      best.exact =
          relaxed->exact && best.prediction.bottleneck_s <= relaxed->prediction.bottleneck_s * kSlack;
    if (!in_rate(best))
      return Error{fmt::format(
          "planning {}: infeasible, as far as a heuristic can see: {:.6g} images/s are asked "
          "for, and links that several hops share leave {:.6g}",
          problem_.model, problem_.goal.target_images_per_s, best.prediction.throughput_images_per_s)};
    return best;
  }

 private:
  // The problem with every hop alone on its links, where links that were found shared are slower.
  PlanningProblem as_slow_as_known() const {
    PlanningProblem alone = problem_;
    alone.links.clear();
    for (auto& row : alone.hops) {
      for (auto& hop : row) {
        for (const auto link : hop.links)
          hop.bit_per_s = std::min(hop.bit_per_s, problem_.links[link].bit_per_s / slower_[link]);
        hop.links.clear();
      }
    }
    return alone;
  }

  // The same stages, predicted with sharing.
  PlanningResult shared(const PlanningResult& found) const {
    PlanningResult result = predict(problem_, found.stages);
    result.lower_bound_s = found.lower_bound_s;
    return result;
  }

  bool in_rate(const PlanningResult& result) const {
    return result.prediction.throughput_images_per_s * kSlack >= problem_.goal.target_images_per_s;
  }

  // Whether sharing costs the plan nothing that the goal asks for.
  bool settled(const PlanningResult& relaxed, const PlanningResult& with_sharing) const {
    if (with_sharing.prediction.bottleneck_s <= relaxed.prediction.bottleneck_s * kSlack) return true;
    return problem_.goal.objective != Objective::throughput && in_rate(with_sharing);
  }

  // Slows links by the sharing found in `result`; returns whether any got slower.
  bool slow_down(const PlanningResult& result) {
    bool changed = false;
    for (const auto& shared : result.shared_links) {
      if (slower_[shared.link] >= shared.transfers) continue;
      slower_[shared.link] = shared.transfers;
      changed = true;
    }
    return changed;
  }

  bool better(const PlanningResult& a, const PlanningResult& b) const {
    if (a.prediction.latency_s > problem_.goal.latency_bound_s * kSlack) return false;
    if (in_rate(a) != in_rate(b)) return in_rate(a);
    if (in_rate(a) && problem_.goal.objective == Objective::latency)
      return a.prediction.latency_s < b.prediction.latency_s;
    if (in_rate(a) && problem_.goal.objective == Objective::accuracy)
      return a.prediction.accuracy > b.prediction.accuracy;
    return a.prediction.bottleneck_s < b.prediction.bottleneck_s;
  }

  const PlanningProblem& problem_;
  const UnsharedSearch& search_;
  std::vector<int> slower_;  // by link: the most transfers found to share it
};

}  // namespace

Result<PlanningResult> search_shared_links(const PlanningProblem& problem, const UnsharedSearch& search) {
  return SharedLinks(problem, search).run();
}

}  // namespace millrace
