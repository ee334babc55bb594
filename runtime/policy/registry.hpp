// The one table of quantization policies that a scenario can name. The README says what a new policy needs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/policy/quantization_policy.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

// The error of an unknown name lists the known ones.
Result<std::unique_ptr<QuantizationPolicy>> make_quantization_policy(
    const PolicySection::Quantization& section);
std::vector<std::string> quantization_policy_names();

}  // namespace millrace
