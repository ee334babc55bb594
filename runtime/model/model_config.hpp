// A transformer's description, without running it: family, dimensions, sub-layers, the activations that
// cross a cut, weights and operations. No LibTorch here; the planner, `simulate` and the real stages all use
// these numbers. Each block is 4 sub-layers (PipeEdge) in every family; only the places of the norms differ:
//
//   sub-layer     pre-norm (vit)                          post-norm (kwt, bert)
//   1             layer norm + self-attention             self-attention
//   2             attention output projection + residual  the same + layer norm
//   3             layer norm + MLP up + GELU              MLP up + GELU
//   4             MLP down + residual                     the same + layer norm
//
// So the same tensors cross a cut: in both layouts the residual is the norm's input or output. The first
// sub-layer includes the embedding (bert: with its layer norm), the last the head (vit: final norm and head;
// bert: pooler and head).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "runtime/model/layer_range.hpp"

namespace millrace {

// The kind of a model's input and the places of its norms. An "image", here and everywhere, is one sample.
enum class ModelFamily : std::uint8_t {
  vit,   // pixels in patches, class token; pre-norm, exact GELU (Dosovitskiy et al. 2020)
  kwt,   // frames of MFCC features, class token; post-norm, GELU by tanh (Berg et al. 2021)
  bert,  // token ids, no more than `sequence`; post-norm, exact GELU (Devlin et al. 2018)
};
std::string_view family_name(ModelFamily family);

// The mean and the deviation that pixels are normalised with: (u8/255 - mean) / std, per channel. Weights
// work only with the normalisation that they were trained with.
enum class Normalisation : std::uint8_t {
  half,      // 0.5, 0.5: ViT's own (and vit-mini's)
  imagenet,  // the means of ImageNet: DeiT, and most of torchvision and timm
  clip,      // OpenAI's CLIP
  unit,      // 0, 1: pixels from 0 to 1
};
inline constexpr std::array<std::string_view, 4> kNormalisationNames{"half", "imagenet", "clip", "unit"};
struct PixelStatistics {
  std::array<double, 3> mean, deviation;  // red, green, blue
};
PixelStatistics pixel_statistics(Normalisation normalisation);
Result<Normalisation> normalisation_by_name(std::string_view name);

// A family's dimensions are above 0, those of other families 0; model_dimensions() is the table.
struct ModelConfig {
  std::string name;
  ModelFamily family = ModelFamily::vit;
  int blocks = 0;
  int width = 0;       // D
  int heads = 0;       // divides width
  int mlp_width = 0;   // usually 4·D
  int image_size = 0;  // vit: pixels per side, square
  int patch = 0;       // vit: pixels per side, divides image_size
  int channels = 3;    // vit
  int classes = 1000;
  int frames = 0;        // kwt: feature vectors per clip
  int coefficients = 0;  // kwt: features per frame
  int sequence = 0;      // bert: tokens per sequence, padding included; at most `positions`
  int positions = 0;     // bert: rows of the position embedding
  int vocabulary = 0;    // bert: rows of the word embedding
  Normalisation normalisation = Normalisation::half;  // vit; other families keep `half`, which is unused

  bool operator==(const ModelConfig&) const = default;
  int sub_layers() const { return 4 * blocks; }
  int patches() const { return (image_size / patch) * (image_size / patch); }  // REQUIRES vit
  int tokens() const;                                                          // T
  std::int64_t input_values() const;                                           // at cut 0
};

// vit-tiny, vit-small, vit-base, vit-large (patch 16), vit-huge (patch 14), deit-tiny, deit-small, deit-base,
// kwt-1, bert-base, bert-large; vit-mini, ours (see scenarios/models). An error lists the known names.
Result<ModelConfig> model_by_name(std::string_view name);
std::vector<std::string> model_names();

// A dimension that a scenario may change.
struct ModelDimension {
  std::string_view name;
  int ModelConfig::*value;
  int most;
  std::optional<ModelFamily> family;  // nothing: of all families
  bool of(ModelFamily other) const { return !family || *family == other; }
};
std::span<const ModelDimension> model_dimensions();

// Dimensions that contradict each other (heads that do not divide width, …) are an error, as are those of
// another family, sizes beyond model_dimensions() and more than 65536 tokens.
Result<void> check_model(const ModelConfig& config);

// The role of a tensor that crosses a cut; codecs may depend on it. Numbers on the wire: never renumbered.
enum class TensorRole : std::uint8_t {
  image,
  attention_context,
  residual,
  gelu,
  logits,
  features,  // MFCC coefficients
  tokens,    // token ids: whole numbers, exact
  lengths,   // tokens in use, see tensors_at_cut(): whole numbers, exact
};

// The shape of one image's tensor; a microbatch adds a leading dimension of its images.
struct TensorSpec {
  TensorRole role = TensorRole::residual;
  std::int64_t rows = 0;   // tokens (channels·height for an image, 1 for logits)
  std::int64_t width = 0;  // values per row
  std::int64_t values_per_image() const { return rows * width; }
  bool operator==(const TensorSpec&) const = default;
};

// The tensors crossing cut k, in the order they are encoded. k = 0: the input; k = sub_layers(): the logits.
// k%4==1: attention context, residual (T·D each); 2: residual; 3: GELU output (T·mlp), residual; 0: residual.
// REQUIRES 0 <= k <= sub_layers().
//
// Sequences are padded to T tokens, and every attention must know where padding begins. So at every cut of
// bert but the logits one more tensor follows: `lengths`, the number of tokens in use (1..T). At cut 0 it
// has a second number: how many of these tokens are in the first segment (the others have token type 1).
std::vector<TensorSpec> tensors_at_cut(const ModelConfig& config, int cut);
std::int64_t values_at_cut(const ModelConfig& config, int cut);  // per image

// fp32 weights of the range, embedding and head included where they belong. REQUIRES a range of the model's
// sub-layers (here and below; an empty range costs nothing).
Bytes weight_bytes(const ModelConfig& config, LayerRange range);
// Floating-point operations (2 per multiply-add; matrix products and attention only) of one image through the
// range. A sequence counts as one without padding.
double flops_per_image(const ModelConfig& config, LayerRange range);

}  // namespace millrace
