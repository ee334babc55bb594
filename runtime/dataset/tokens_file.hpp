// Token ids in a safetensors file; open_dataset() documents the format.
#pragma once

#include <memory>
#include <string>

#include "runtime/dataset/dataset.hpp"

namespace millrace {

// REQUIRES a model of the bert family.
Result<std::unique_ptr<Dataset>> open_tokens_file(const std::string& path, const ModelConfig& model);

}  // namespace millrace
