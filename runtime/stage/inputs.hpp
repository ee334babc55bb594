// Images of a dataset as the tensors at cut 0, the input of a model's first stage.
#pragma once

#include <cstdint>

#include "runtime/base/result.hpp"
#include "runtime/dataset/dataset.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/stage/stage.hpp"

namespace millrace {

// Images first .. first + images - 1. REQUIRES a dataset opened for this model. An error names the image that
// cannot be read.
Result<CutTensors> read_inputs(const Dataset& dataset, const ModelConfig& model, std::uint64_t first,
                               std::uint32_t images);

}  // namespace millrace
