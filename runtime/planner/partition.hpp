// Partitions that need no search and no costs: `fixed` cuts where the scenario says; `even` gives every
// device the same number of sub-layers (GPipe), with the remainder spread over the first stages.
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

// After which sub-layers an even partition is cut; an error if there are more devices than sub-layers, or
// no devices.
Result<std::vector<int>> even_cuts(int sub_layers, std::size_t devices);
// An error unless these cuts divide the sub-layers, in order, into one range per device.
Result<void> check_cuts(const std::vector<int>& cuts, int sub_layers, std::size_t devices);

// ENSURES check_plan() holds for the plan returned.
Result<Plan> plan_evenly(const PartitionRequest& request);
Result<Plan> plan_with_cuts(const PartitionRequest& request, const std::vector<int>& cuts);

}  // namespace millrace
