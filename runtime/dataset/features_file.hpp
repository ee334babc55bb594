// Audio features in a safetensors file; open_dataset() documents the format.
#pragma once

#include <memory>
#include <string>

#include "runtime/dataset/dataset.hpp"

namespace millrace {

// REQUIRES a model of the kwt family.
Result<std::unique_ptr<Dataset>> open_features_file(const std::string& path, const ModelConfig& model);

}  // namespace millrace
