// Seeded sequences of token ids; open_dataset() describes them.
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/dataset/dataset.hpp"

namespace millrace {

// REQUIRES a model of the bert family.
std::unique_ptr<Dataset> synthetic_tokens(const ModelConfig& model, std::uint64_t seed);

}  // namespace millrace
