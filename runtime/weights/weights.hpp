// The source of a stage's weights, tensor by tensor, under the names of weight_names.hpp: a stage requests
// its own tensors, and no others are generated, read or paged in. No LibTorch here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/model/model_config.hpp"

namespace millrace {

// fp32 values, row-major. `owner` keeps them alive: a mapped file that its tensors share, or own memory.
struct WeightTensor {
  std::span<const float> values;
  std::shared_ptr<const void> owner;
};

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  // The tensor of this name (`blocks.0.attn.qkv.weight`). A name that is absent or of another shape is
  // an error.
  virtual Result<WeightTensor> tensor(const std::string& name,
                                      const std::vector<std::int64_t>& shape) const = 0;
};

// Each tensor is drawn from Random(seed, "weights/<name>"), so it does not depend on how the model is cut.
// Bell-shaped and bounded (sum of four uniform 16-bit numbers, computed in integers: the same bits on every
// machine). Standard deviation 1/sqrt(fan-in) for matrices, so that activations keep their size from block to
// block, attention is neither flat nor one-hot and logits differ between images; 0.2 for class token and
// positions, 0.02 for biases; norm weights 1 ± 0.1.
std::unique_ptr<WeightSource> random_weights(std::uint64_t seed);

// A safetensors file with the names of weight_names.hpp: timm's or Hugging Face's for ViT (Hugging Face's
// separate q, k and v are joined), Hugging Face's for BERT, those of the published files for KWT. The file is
// mapped; fp32 tensors are used in place, so it must not be truncated or overwritten while in use (replacing
// it by rename is safe). F16 and BF16 are widened. A file with more blocks than the model, or with tensors
// that nothing reads, is refused: it belongs to another model (runtime/weights/README.md).
Result<std::unique_ptr<WeightSource>> open_weights(const std::string& path, const ModelConfig& model);

// `random` or a path, as in a scenario's model.weights.
Result<std::unique_ptr<WeightSource>> make_weights(const std::string& weights, const ModelConfig& model,
                                                   std::uint64_t seed);

}  // namespace millrace
