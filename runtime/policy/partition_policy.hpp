// Which device runs which sub-layers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/policy/plan.hpp"

namespace millrace {

struct PartitionRequest {
  ModelConfig model;
  DeviceId source, sink;
  std::vector<DeviceId> devices;  // candidates, in the order of the pipeline
  std::vector<int> cuts;          // `fixed` only: after which sub-layers
};

class PartitionPolicy {
 public:
  virtual ~PartitionPolicy() = default;
  // ENSURES check_plan() holds for the plan returned. An error says what the request lacks.
  virtual Result<Plan> plan(const PartitionRequest& request) const = 0;
};

}  // namespace millrace
