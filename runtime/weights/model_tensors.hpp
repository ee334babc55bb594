// The tensors that the stages of a model ask for: ViT's by timm's names (`blocks.0.attn.qkv.weight`), KWT's
// by those of its file, BERT's by Hugging Face's. A test compares with what the stages do ask for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/model/model_config.hpp"

namespace millrace {

struct ModelTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  bool operator==(const ModelTensor&) const = default;
};

// In the order of the sub-layers. REQUIRES check_model(model).ok().
std::vector<ModelTensor> model_tensors(const ModelConfig& model);

}  // namespace millrace
