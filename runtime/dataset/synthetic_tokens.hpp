// Seeded sequences of token ids; what they look like is said at open_dataset().
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/dataset/dataset.hpp"

namespace millrace {

// REQUIRES a model of the bert family.
std::unique_ptr<Dataset> synthetic_tokens(const ModelConfig& model, std::uint64_t seed);

}  // namespace millrace
