// Seeded images; open_dataset() describes them.
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/dataset/dataset.hpp"

namespace millrace {

std::unique_ptr<Dataset> synthetic_dataset(const ModelConfig& model, std::uint64_t seed);

}  // namespace millrace
