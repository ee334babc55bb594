// Max-min fair rates: no flow can get more without a flow of equal or smaller rate getting less (Bertsekas
// and Gallager, Data Networks, 6.5.2). Progressive filling: all rates rise together; a flow stops at a full
// resource.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace millrace {

// What a flow takes of a resource per unit of its own rate.
struct ResourceUse {
  std::size_t resource;
  double weight;  // > 0
};

struct MaxMinFlow {
  std::vector<ResourceUse> uses;  // at least one; a resource may occur several times
};

// The rate of every flow. REQUIRES capacities >= 0. A flow over a resource of capacity 0 has rate 0.
std::vector<double> max_min_rates(const std::vector<double>& capacities,
                                  const std::vector<MaxMinFlow>& flows);

}  // namespace millrace
