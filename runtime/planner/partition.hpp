// Partitions that need no search and no costs: `fixed` cuts where the scenario says; `even` gives every
// device the same number of sub-layers (GPipe), the first stages one more where they do not divide.
#pragma once

#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/planner/plan.hpp"

namespace millrace {

struct PartitionRequest {
  int sub_layers = 0;  // of the model
  DeviceId source, sink;
  std::vector<DeviceId> devices;  // of the stages, in the order of the pipeline
};

// After which sub-layers an even partition is cut; an error where so many devices cannot share them.
Result<std::vector<int>> even_cuts(int sub_layers, std::size_t devices);
// An error where these cuts do not divide the sub-layers onto so many devices, in order.
Result<void> check_cuts(const std::vector<int>& cuts, int sub_layers, std::size_t devices);

// ENSURES check_plan() holds for the plan returned. An error says what does not fit.
Result<Plan> plan_evenly(const PartitionRequest& request);
Result<Plan> plan_with_cuts(const PartitionRequest& request, const std::vector<int>& cuts);

}  // namespace millrace
