// The one table of quantization policies: everything a scenario can name. A new policy is one file and one
// line in registry.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/policy/quantization_policy.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

// An error lists the names known.
Result<std::unique_ptr<QuantizationPolicy>> make_quantization_policy(
    const PolicySection::Quantization& section);
std::vector<std::string> quantization_policy_names();

}  // namespace millrace
