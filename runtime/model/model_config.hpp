// What a vision transformer is, without running it: dimensions, sub-layers, the activations that cross a cut,
// weights and operations. No LibTorch here; the planner, `simulate` and the real stages all reckon with these
// numbers. Each block is 4 sub-layers (PipeEdge): 1 layer norm + self-attention, 2 attention output
// projection + residual, 3 layer norm + MLP up + GELU, 4 MLP down + residual. The first includes the
// embedding, the last the final norm and head.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "runtime/model/layer_range.hpp"

namespace millrace {

struct ModelConfig {
  std::string name;
  int blocks = 0;
  int width = 0;       // D
  int heads = 0;       // divides width
  int mlp_width = 0;   // usually 4·D
  int image_size = 0;  // pixels per side, square
  int patch = 0;       // pixels per side, divides image_size
  int channels = 3;
  int classes = 1000;

  bool operator==(const ModelConfig&) const = default;
  int sub_layers() const { return 4 * blocks; }
  int patches() const { return (image_size / patch) * (image_size / patch); }
  int tokens() const { return patches() + 1; }  // T
  std::int64_t input_values() const { return std::int64_t{channels} * image_size * image_size; }
};

// vit-tiny, vit-small, vit-base, vit-large (patch 16), vit-huge (patch 14), deit-tiny, deit-small, deit-base;
// vit-mini, ours (see scenarios/models).
// An error lists the names known.
Result<ModelConfig> model_by_name(std::string_view name);
std::vector<std::string> model_names();
// Dimensions that contradict each other (heads that do not divide width, …) are an error, as are sizes beyond
// blocks 1024, width 65536, tokens 65536, mlp_width 262144, image_size 16384, channels 16, classes 1048576.
Result<void> check_model(const ModelConfig& config);

// What one tensor that crosses a cut is; the codecs may use it.
enum class TensorRole : std::uint8_t { image, attention_context, residual, gelu, logits };

// One tensor per image; a microbatch stacks `images` of them in front.
struct TensorSpec {
  TensorRole role = TensorRole::residual;
  std::int64_t rows = 0;   // tokens (channels·height for an image, 1 for logits)
  std::int64_t width = 0;  // values per row
  std::int64_t values_per_image() const { return rows * width; }
  bool operator==(const TensorSpec&) const = default;
};

// The tensors crossing cut k, in the order they are encoded. k = 0: the input image; k = sub_layers(): the
// logits. k%4==1: attention context, residual (T·D each); 2: residual; 3: GELU output (T·mlp), residual; 0:
// residual. REQUIRES 0 <= k <= sub_layers().
std::vector<TensorSpec> tensors_at_cut(const ModelConfig& config, int cut);
std::int64_t values_at_cut(const ModelConfig& config, int cut);  // per image

// fp32 weights of the range, embedding and head included where they belong. REQUIRES a range of the model's
// sub-layers (here and below; an empty range costs nothing).
Bytes weight_bytes(const ModelConfig& config, LayerRange range);
// Floating-point operations (2 per multiply-add; matrix products and attention only) of one image through the
// range.
double flops_per_image(const ModelConfig& config, LayerRange range);

}  // namespace millrace
