// The one table of policies: everything a scenario can name. A new policy is one file and one line in
// registry.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/policy/partition_policy.hpp"
#include "runtime/policy/quantization_policy.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

// Errors list the names known.
Result<std::unique_ptr<PartitionPolicy>> make_partition_policy(std::string_view kind);
Result<std::unique_ptr<QuantizationPolicy>> make_quantization_policy(
    const PolicySection::Quantization& section);
std::vector<std::string> partition_policy_names();
std::vector<std::string> quantization_policy_names();

// The plan of a scenario by its own partition policy.
Result<Plan> make_plan(const Scenario& scenario);

}  // namespace millrace
