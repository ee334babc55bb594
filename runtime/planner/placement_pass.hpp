// The passes of an exact search over one PlacementGraph at one bottleneck value:
//   1. forwards:  the cuts that each node can reach (masks),
//   2. backwards: those of them from which the result can still be reached (masks),
//   3. forwards over what is left: the least cost of each cut at each node (numbers), pruned by the least
//      cost of the rest if devices could be used again.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "runtime/base/check.hpp"
#include "runtime/planner/placement_graph.hpp"
#include "runtime/planner/placement_search.hpp"
#include "runtime/planner/reach_tables.hpp"

namespace millrace {

template <std::size_t W, class Graph>
class PlacementPass {
 public:
  using Cuts = CutSet<W>;
  using End = PlacementSearch::End;

  // All must outlive the pass.
  PlacementPass(const SearchSpace& space, const Graph& graph, const ReachTables<W>& tables,
                const PlacementSearch::Watch& watch)
      : space_(space), graph_(graph), tables_(tables), watch_(watch) {}

  // Pass 1; ends with the first placement found.
  std::optional<Placement> any(double period_s) {
    std::optional<std::size_t> complete;
    forwards([&](std::size_t id) { return complete = id, false; });
    if (!complete || ended_ != End::none) return std::nullopt;
    return trace(*complete, period_s);
  }

  std::optional<CostedPlacement> cheapest(double period_s, CostKind kind, PlanCost at_most) {
    period_s_ = period_s;
    kind_ = kind;
    std::optional<std::size_t> complete;
    forwards([&](std::size_t id) { return complete = id, true; });
    if (!complete || ended_ != End::none) return std::nullopt;
    const PlanCost known = cost_of(trace(*complete, period_s));
    limit_ = (known < at_most ? known.first : at_most.first) * (1 + 1e-12) + 1e-300;
    backwards();
    fill_rest();
    auto best = accumulate();
    if (ended_ != End::none || !best || at_most < best->second) return std::nullopt;
    return CostedPlacement{trace_cheapest(best->first), best->second};
  }

  End ended() const { return ended_; }

 private:
  static constexpr std::size_t kAskEvery = 4096;        // nodes between questions to the watch
  static constexpr std::size_t kMaxCosts = 60'000'000;  // 960 MB
  static constexpr double kForever = std::numeric_limits<double>::infinity();

  int layers() const { return space_.layers(); }

  bool go_on(double progress) {
    if (++asked_ % kAskEvery != 0 || !watch_) return true;
    if (!watch_(std::min(1.0, progress / static_cast<double>(graph_.size())))) ended_ = End::by_watch;
    return ended_ == End::none;
  }

  // Where a stage on the node's device may begin.
  Cuts starts(const PlacementNode& node) const {
    Cuts in;
    for (std::size_t k = 0; k < node.before; ++k) {
      const std::size_t id = node.first_before + k;
      if (reached_[id].empty()) continue;
      in |= reached_[id] & tables_.handover(graph_.type_of(id), node.type);
    }
    if (node.first && tables_.begins(node.type)) in.insert(0);
    return in;
  }

  // `complete` is called with each node that reaches the result, and returns whether to go on.
  template <class Call>
  void forwards(Call&& complete) {
    reached_.assign(graph_.size(), {});
    graph_.forwards([&](const PlacementNode& node) {
      reached_[node.id] = tables_.extend(node.type, starts(node));
      if (reached_[node.id].contains(layers()) && !complete(node.id)) return false;
      return go_on(static_cast<double>(node.id));
    });
  }

  void backwards() {
    useful_.assign(graph_.size(), {});
    graph_.backwards([&](const PlacementNode& node) {
      Cuts& here = useful_[node.id];
      if (reached_[node.id].contains(layers())) here.insert(layers());
      if (!here.empty()) {
        const Cuts from = tables_.extend_back(node.type, here);
        for (std::size_t k = 0; k < node.before; ++k) {
          const std::size_t id = node.first_before + k;
          if (!reached_[id].empty())
            useful_[id] |= reached_[id] & tables_.handover(graph_.type_of(id), node.type) & from;
        }
      }
      return go_on(static_cast<double>(graph_.size() - node.id));
    });
  }

  // Any placement that ends in the node, by pass 1.
  Placement trace(std::size_t id, double period_s) const {
    Placement placement;
    int last = layers();
    for (;;) {
      const PlacementNode node = graph_.node(id);
      placement.push_back({node.type, last, 0});
      if (node.first && tables_.begins(node.type) && tables_.ends(node.type, 0).contains(last)) break;
      std::optional<int> cut;
      for (std::size_t k = 0; k < node.before && !cut; ++k) {
        id = node.first_before + k;
        (reached_[id] & tables_.handover(graph_.type_of(id), node.type)).each([&](int i) {
          if (!cut && tables_.ends(node.type, i).contains(last)) cut = i;
        });
      }
      MR_CHECK(cut.has_value(), "what was reached was reached from somewhere");
      last = *cut;
    }
    std::reverse(placement.begin(), placement.end());
    for (std::size_t s = 0; s + 1 < placement.size(); ++s) {
      placement[s].coding =
          space_.best_coding(placement[s].type, placement[s + 1].type, placement[s].last, period_s, kind_)
              .coding;
    }
    return placement;
  }

  PlanCost hop_cost(std::size_t from, std::size_t to, int cut) const {
    return space_.best_coding(from, to, cut, period_s_, kind_).cost;
  }

  PlanCost cost_of(const Placement& placement) const {
    PlanCost cost = hop_cost(space_.outside(), placement.front().type, 0);
    int cut = 0;
    for (std::size_t s = 0; s < placement.size(); ++s) {
      const auto& [type, last, coding] = placement[s];
      const auto next = s + 1 < placement.size() ? placement[s + 1].type : space_.outside();
      cost = cost + space_.stage_cost(type, cut, last, kind_) + hop_cost(type, next, last);
      cut = last;
    }
    return cost;
  }

  // rest_[type][cut]: least cost from a stage on `type` that ended at the cut to the result, with every
  // device available again, so never more than the real cost.
  void fill_rest() {
    const auto width = static_cast<std::size_t>(layers()) + 1;
    const PlanCost never{kForever, kForever};
    rest_.assign(space_.types() * width, never);
    for (std::size_t t = 0; t < space_.types(); ++t) {
      const auto result = space_.best_coding(t, space_.outside(), layers(), period_s_, kind_);
      if (result.possible) rest_[t * width + width - 1] = result.cost;
    }
    std::vector<PlanCost> begin(space_.types());
    for (int cut = layers() - 1; cut > 0; --cut) {
      for (std::size_t to = 0; to < space_.types(); ++to) {
        begin[to] = never;
        tables_.ends(to, cut).each([&](int j) {
          begin[to] = std::min(begin[to], space_.stage_cost(to, cut, j, kind_) +
                                              rest_[to * width + static_cast<std::size_t>(j)]);
        });
      }
      for (std::size_t from = 0; from < space_.types(); ++from) {
        PlanCost& rest = rest_[from * width + static_cast<std::size_t>(cut)];
        for (std::size_t to = 0; to < space_.types(); ++to) {
          if (begin[to].first < kForever && tables_.handover(from, to).contains(cut))
            rest = std::min(rest, hop_cost(from, to, cut) + begin[to]);
        }
      }
    }
  }

  PlanCost rest(std::size_t type, int cut) const {
    return rest_[type * (static_cast<std::size_t>(layers()) + 1) + static_cast<std::size_t>(cut)];
  }

  PlanCost cost_at(std::size_t id, int cut) const { return costs_[offset_[id] + useful_[id].rank(cut)]; }

  // Fills in the least cost of beginning a stage on the node's device at each cut of the set returned.
  Cuts begin_costs(const PlacementNode& node, std::vector<PlanCost>& begin) const {
    Cuts starts;
    const auto offer = [&](int cut, PlanCost cost) {
      PlanCost& known = begin[static_cast<std::size_t>(cut)];
      if (!starts.contains(cut) || cost < known) known = cost;
      starts.insert(cut);
    };
    for (std::size_t k = 0; k < node.before; ++k) {
      const std::size_t id = node.first_before + k;
      if (useful_[id].empty()) continue;
      const std::size_t from = graph_.type_of(id);
      (useful_[id] & tables_.handover(from, node.type)).each([&](int cut) {
        offer(cut, cost_at(id, cut) + hop_cost(from, node.type, cut));
      });
    }
    if (node.first && tables_.begins(node.type)) offer(0, hop_cost(space_.outside(), node.type, 0));
    return starts;
  }

  // Pass 3. Cuts that no placement within the limit can use are removed from useful_. Returns the node and
  // cost of the best placement.
  std::optional<std::pair<std::size_t, PlanCost>> accumulate() {
    costs_.clear();
    offset_.assign(graph_.size(), 0);
    std::optional<std::pair<std::size_t, PlanCost>> best;
    std::vector<PlanCost> begin(static_cast<std::size_t>(layers()) + 1), end = begin;
    graph_.forwards([&](const PlacementNode& node) {
      Cuts& useful = useful_[node.id];
      if (!useful.empty()) {
        const Cuts starts = begin_costs(node, begin);
        keep(node, starts, begin, end, useful);
        if (useful.contains(layers())) {
          const PlanCost whole = cost_at(node.id, layers());
          if (!best || whole < best->second) best = {node.id, whole};
          limit_ = std::min(limit_, whole.first * (1 + 1e-12) + 1e-300);
        }
        if (costs_.size() > kMaxCosts) ended_ = End::too_large;
      }
      return go_on(static_cast<double>(node.id)) && ended_ == End::none;
    });
    return best;
  }

  void keep(const PlacementNode& node, const Cuts& starts, const std::vector<PlanCost>& begin,
            std::vector<PlanCost>& end, Cuts& useful) {
    const PlanCost never{kForever, kForever};
    useful.each([&](int j) { end[static_cast<std::size_t>(j)] = never; });
    starts.each([&](int i) {
      const PlanCost from = begin[static_cast<std::size_t>(i)];
      (tables_.ends(node.type, i) & useful).each([&](int j) {
        PlanCost& least = end[static_cast<std::size_t>(j)];
        least = std::min(least, from + space_.stage_cost(node.type, i, j, kind_));
      });
    });
    Cuts kept;
    offset_[node.id] = costs_.size();
    useful.each([&](int j) {
      PlanCost cost = end[static_cast<std::size_t>(j)];
      const PlanCost onwards = rest(node.type, j);
      if (!(cost.first + onwards.first <= limit_)) return;
      if (j == layers()) cost = cost + onwards;
      kept.insert(j);
      costs_.push_back(cost);
    });
    useful = kept;
  }

  Placement trace_cheapest(std::size_t id) const {
    Placement placement;
    std::vector<PlanCost> begin(static_cast<std::size_t>(layers()) + 1);
    int last = layers();
    std::size_t coding = 0;
    for (;;) {
      const PlacementNode node = graph_.node(id);
      placement.push_back({node.type, last, coding});
      const PlanCost cost = cost_at(id, last);
      const PlanCost result = last == layers() ? rest(node.type, last) : PlanCost{};
      std::optional<int> start;
      begin_costs(node, begin).each([&](int i) {
        if (start || !tables_.ends(node.type, i).contains(last)) return;
        const auto through =
            begin[static_cast<std::size_t>(i)] + space_.stage_cost(node.type, i, last, kind_);
        if (through + result == cost) start = i;
      });
      MR_CHECK(start.has_value(), "the least cost came from somewhere");
      if (*start == 0) break;
      id = before(node, *start, begin[static_cast<std::size_t>(*start)]);
      last = *start;
      coding = space_.best_coding(graph_.type_of(id), node.type, last, period_s_, kind_).coding;
    }
    std::reverse(placement.begin(), placement.end());
    return placement;
  }

  // The predecessor from which a stage that begins at the cut has this cost.
  std::size_t before(const PlacementNode& node, int cut, PlanCost cost) const {
    for (std::size_t k = 0; k < node.before; ++k) {
      const std::size_t id = node.first_before + k;
      const std::size_t from = graph_.type_of(id);
      if (useful_[id].contains(cut) && tables_.handover(from, node.type).contains(cut) &&
          cost_at(id, cut) + hop_cost(from, node.type, cut) == cost)
        return id;
    }
    MR_CHECK(false, "the least cost came from somewhere");
    return 0;
  }

  const SearchSpace& space_;
  const Graph& graph_;
  const ReachTables<W>& tables_;
  const PlacementSearch::Watch& watch_;
  End ended_ = End::none;
  std::size_t asked_ = 0;
  double period_s_ = 0;
  CostKind kind_ = CostKind::latency;
  double limit_ = kForever;  // of the first cost; nothing above the limit is kept
  std::vector<Cuts> reached_, useful_;
  std::vector<PlanCost> rest_, costs_;
  std::vector<std::size_t> offset_;  // of a node's costs, in the order of its useful cuts
};

}  // namespace millrace
