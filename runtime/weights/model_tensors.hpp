// The tensors that the stages of a model load: ViT's by timm's names (`blocks.0.attn.qkv.weight`), KWT's by
// the names in its published files, BERT's by Hugging Face's. A test compares them with what stages load.
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
