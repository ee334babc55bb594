// The orders in which a search may use devices, as acyclic graphs. A node stands for "the last stage so far
// is on a device of this type, after the devices that the node remembers"; its predecessors are the nodes
// that may stand before it. `SubsetGraph` remembers how many of each type are used (exact); `OrderGraph` goes
// once along a given order of devices and may leave some out (for too many devices to enumerate subsets).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace millrace {

struct PlacementNode {
  std::size_t id = 0;
  std::size_t type = 0;
  std::size_t first_before = 0, before = 0;  // ids of the predecessors are contiguous
  bool first = false;                        // may be the first stage
};

class SubsetGraph {
 public:
  // `counts`: devices of each type, each at least 1. REQUIRES that nodes(counts) nodes fit into memory.
  explicit SubsetGraph(std::vector<std::size_t> counts) : counts_(std::move(counts)) {
    for (const std::size_t count : counts_) {
      strides_.push_back(subsets_);
      subsets_ *= count + 1;
    }
  }
  // The number of nodes such a graph would have, as a double: it may exceed every integer type.
  static double nodes(const std::vector<std::size_t>& counts) {
    double product = static_cast<double>(counts.size());
    for (const std::size_t count : counts) product *= static_cast<double>(count + 1);
    return product;
  }

  std::size_t size() const { return subsets_ * counts_.size(); }
  std::size_t type_of(std::size_t id) const { return id % counts_.size(); }

  // Every node after its predecessors. `call` returns false to stop.
  template <class Call>
  void forwards(Call&& call) const {
    std::vector<std::size_t> used(counts_.size());
    for (std::size_t subset = 1; subset < subsets_; ++subset) {
      for (std::size_t t = 0; ++used[t] > counts_[t]; ++t) used[t] = 0;
      if (!nodes_of(subset, used, call)) return;
    }
  }
  // Every node before its predecessors.
  template <class Call>
  void backwards(Call&& call) const {
    std::vector<std::size_t> used = counts_;
    for (std::size_t subset = subsets_ - 1; subset > 0; --subset) {
      if (!nodes_of(subset, used, call)) return;
      for (std::size_t t = 0; used[t]-- == 0; ++t) used[t] = counts_[t];
    }
  }
  PlacementNode node(std::size_t id) const { return node(id / counts_.size(), type_of(id)); }

 private:
  PlacementNode node(std::size_t subset, std::size_t type) const {
    const std::size_t rest = subset - strides_[type];
    return {.id = subset * counts_.size() + type,
            .type = type,
            .first_before = rest * counts_.size(),
            .before = rest == 0 ? 0 : counts_.size(),
            .first = rest == 0};
  }
  template <class Call>
  bool nodes_of(std::size_t subset, const std::vector<std::size_t>& used, Call&& call) const {
    for (std::size_t t = 0; t < counts_.size(); ++t) {
      if (used[t] > 0 && !call(node(subset, t))) return false;
    }
    return true;
  }

  std::vector<std::size_t> counts_, strides_;
  std::size_t subsets_ = 1;
};

class OrderGraph {
 public:
  // The type of each device, in order.
  explicit OrderGraph(std::vector<std::size_t> types) : types_(std::move(types)) {}

  std::size_t size() const { return types_.size(); }
  std::size_t type_of(std::size_t id) const { return types_[id]; }
  PlacementNode node(std::size_t id) const {
    return {.id = id, .type = types_[id], .first_before = 0, .before = id, .first = true};
  }
  template <class Call>
  void forwards(Call&& call) const {
    for (std::size_t id = 0; id < types_.size(); ++id) {
      if (!call(node(id))) return;
    }
  }
  template <class Call>
  void backwards(Call&& call) const {
    for (std::size_t id = types_.size(); id-- > 0;) {
      if (!call(node(id))) return;
    }
  }

 private:
  std::vector<std::size_t> types_;
};

}  // namespace millrace
