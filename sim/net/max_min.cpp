#include "sim/net/max_min.hpp"

#include <algorithm>
#include <limits>

namespace millrace {
namespace {

// The rest of a resource, and the weight of the flows on it whose rates still rise.
struct Filling {
  double left;
  double weight = 0;  // of all flows that still rise
};

}  // namespace

std::vector<double> max_min_rates(const std::vector<double>& capacities,
                                  const std::vector<MaxMinFlow>& flows) {
  std::vector<Filling> resources;
  resources.reserve(capacities.size());
  for (const double capacity : capacities) resources.push_back({.left = capacity});
  for (const auto& flow : flows)
    for (const auto& use : flow.uses) resources[use.resource].weight += use.weight;
  std::vector<double> rates(flows.size(), -1);
  for (std::size_t rising = flows.size(); rising > 0;) {
    double level = std::numeric_limits<double>::infinity();
    std::size_t full = 0;
    for (std::size_t r = 0; r < resources.size(); ++r) {
      if (resources[r].weight <= 0) continue;
      const double share = std::max(0.0, resources[r].left) / resources[r].weight;
      if (share < level) {
        level = share;
        full = r;
      }
    }
    for (std::size_t f = 0; f < flows.size(); ++f) {
      const auto& uses = flows[f].uses;
      const bool meets =
          std::any_of(uses.begin(), uses.end(), [&](const auto& u) { return u.resource == full; });
      if (rates[f] >= 0 || !meets) continue;
      rates[f] = level;
      --rising;
      for (const auto& use : uses) {
        resources[use.resource].left -= level * use.weight;
        resources[use.resource].weight -= use.weight;
      }
    }
    resources[full].weight = 0;  // exactly: subtracting leaves a rounding error
  }
  return rates;
}

}  // namespace millrace
