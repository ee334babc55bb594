#include "runtime/planner/placement_search.hpp"

#include "runtime/planner/placement_pass.hpp"

namespace millrace {

namespace {

std::vector<std::size_t> counts_of(const SearchSpace& space) {
  std::vector<std::size_t> counts;
  for (std::size_t t = 0; t < space.types(); ++t) counts.push_back(space.members(t).size());
  return counts;
}

// Both searches differ only in their graph.
template <std::size_t W, class Graph, class Interface>
class Search : public Interface {
 public:
  Search(const SearchSpace& space, Graph graph, PlacementSearch::Watch watch)
      : watch_(std::move(watch)),
        tables_(space),
        graph_(std::move(graph)),
        pass_(space, graph_, tables_, watch_) {}

  std::optional<Placement> reach(double period_s) override {
    use(period_s);
    auto found = pass_.any(period_s);
    this->ended_ = pass_.ended();
    return found;
  }
  std::optional<CostedPlacement> cheapest(double period_s, CostKind kind, PlanCost at_most) override {
    use(period_s);
    tables_.prepare_backward();
    auto found = pass_.cheapest(period_s, kind, at_most);
    this->ended_ = pass_.ended();
    return found;
  }

 protected:
  void use(double period_s) {
    if (period_s_ != period_s) tables_.set_period(period_s);
    period_s_ = period_s;
  }

  PlacementSearch::Watch watch_;
  ReachTables<W> tables_;
  Graph graph_;
  PlacementPass<W, Graph> pass_;
  double period_s_ = -1;
};

template <std::size_t W>
class AlongOrder final : public Search<W, OrderGraph, OrderSearch> {
 public:
  using Search<W, OrderGraph, OrderSearch>::Search;
  void set_order(std::vector<std::size_t> types) override { this->graph_ = OrderGraph(std::move(types)); }
};

// The narrowest masks that hold all cuts, 0..layers.
template <class Make>
auto with_words(int layers, Make&& make) {
  if (layers < CutSet<1>::kCapacity) return make(std::integral_constant<std::size_t, 1>());
  if (layers < CutSet<2>::kCapacity) return make(std::integral_constant<std::size_t, 2>());
  if (layers < CutSet<3>::kCapacity) return make(std::integral_constant<std::size_t, 3>());
  if (layers < CutSet<5>::kCapacity) return make(std::integral_constant<std::size_t, 5>());
  if (layers < CutSet<9>::kCapacity) return make(std::integral_constant<std::size_t, 9>());
  if (layers < CutSet<17>::kCapacity) return make(std::integral_constant<std::size_t, 17>());
  return make(std::integral_constant<std::size_t, 65>());
}

}  // namespace

double subset_table_bytes(const SearchSpace& space) {
  const int words = space.layers() / 64 + 1;
  return SubsetGraph::nodes(counts_of(space)) * words * 8.0;
}

std::unique_ptr<PlacementSearch> make_subset_search(const SearchSpace& space, PlacementSearch::Watch watch) {
  MR_CHECK(subset_table_bytes(space) <= kMaxSubsetTableBytes, "the caller looks first");
  return with_words(space.layers(), [&](auto words) -> std::unique_ptr<PlacementSearch> {
    return std::make_unique<Search<words.value, SubsetGraph, PlacementSearch>>(
        space, SubsetGraph(counts_of(space)), std::move(watch));
  });
}

std::unique_ptr<OrderSearch> make_order_search(const SearchSpace& space, PlacementSearch::Watch watch) {
  return with_words(space.layers(), [&](auto words) -> std::unique_ptr<OrderSearch> {
    return std::make_unique<AlongOrder<words.value>>(space, OrderGraph({}), std::move(watch));
  });
}

}  // namespace millrace
