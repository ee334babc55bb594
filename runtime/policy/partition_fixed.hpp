// Partitions that need no search: `fixed` cuts where the scenario says; `even` gives every device the same
// number of sub-layers (GPipe), the first stages one more where they do not divide.
#pragma once

#include "runtime/policy/partition_policy.hpp"

namespace millrace {

class FixedPartition final : public PartitionPolicy {
 public:
  Result<Plan> plan(const PartitionRequest& request) const override;
};

class EvenPartition final : public PartitionPolicy {
 public:
  Result<Plan> plan(const PartitionRequest& request) const override;
};

}  // namespace millrace
