#include "runtime/model/model_config.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace millrace {

namespace {

struct Entry {
  std::string_view name;
  int blocks, width, heads, patch;
  int image_size = 224, classes = 1000;
};

// Dosovitskiy et al. 2020 (ViT), Touvron et al. 2020 (DeiT, without distillation token); mlp_width = 4·width.
constexpr std::array<Entry, 9> kModels{{
    {"vit-tiny", 12, 192, 3, 16},
    {"vit-small", 12, 384, 6, 16},
    {"vit-base", 12, 768, 12, 16},
    {"vit-large", 24, 1024, 16, 16},
    {"vit-huge", 32, 1280, 16, 14},
    {"deit-tiny", 12, 192, 3, 16},
    {"deit-small", 12, 384, 6, 16},
    {"deit-base", 12, 768, 12, 16},
    {"vit-mini", 6, 64, 4, 4, 32, 12},
}};

constexpr int kMaxBlocks = 1024;
constexpr int kMaxWidth = 65536;
constexpr int kMaxTokens = 65536;
constexpr int kMaxMlpWidth = 4 * kMaxWidth;
constexpr int kMaxImageSize = 16384;
constexpr int kMaxChannels = 16;
constexpr int kMaxClasses = 1 << 20;

void require_range(const ModelConfig& config, LayerRange range) {
  MR_CHECK(range.size() <= 0 || (range.first >= 1 && range.last <= config.sub_layers()),
           "a range of the model's sub-layers");
}

// Which of the four sub-layers of a block a layer is: 1..4.
int kind_of(int layer) { return (layer - 1) % 4 + 1; }

std::int64_t weights_of(const ModelConfig& config, int layer) {
  const std::int64_t d = config.width, m = config.mlp_width;
  std::int64_t count = 0;
  switch (kind_of(layer)) {
    case 1:
      count = 2 * d + 3 * d * d + 3 * d;
      break;
    case 2:
      count = d * d + d;
      break;
    case 3:
      count = 2 * d + m * d + m;
      break;
    default:
      count = d * m + d;
      break;
  }
  if (layer == 1) {
    const std::int64_t patch_values = std::int64_t{config.channels} * config.patch * config.patch;
    count +=
        d * patch_values + d + d + config.tokens() * d;  // projection and its bias, class token, positions
  }
  if (layer == config.sub_layers()) count += 2 * d + config.classes * d + config.classes;
  return count;
}

double flops_of(const ModelConfig& config, int layer) {
  const double t = config.tokens(), d = config.width, m = config.mlp_width;
  double flops = 0;
  switch (kind_of(layer)) {
    case 1:
      flops = 2 * t * d * 3 * d + 2 * (2 * t * t * d);
      break;
    case 2:
      flops = 2 * t * d * d;
      break;
    default:
      flops = 2 * t * d * m;
      break;
  }
  if (layer == 1) flops += 2.0 * config.patches() * d * config.channels * config.patch * config.patch;
  if (layer == config.sub_layers()) flops += 2.0 * d * config.classes;
  return flops;
}

}  // namespace

Result<ModelConfig> model_by_name(std::string_view name) {
  for (const Entry& entry : kModels) {
    if (entry.name != name) continue;
    return ModelConfig{.name = std::string(name),
                       .blocks = entry.blocks,
                       .width = entry.width,
                       .heads = entry.heads,
                       .mlp_width = 4 * entry.width,
                       .image_size = entry.image_size,
                       .patch = entry.patch,
                       .classes = entry.classes};
  }
  return Error{fmt::format("no model is called \"{}\"; known are {}", name, fmt::join(model_names(), ", ")),
               ExitCode::invalid_input};
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  names.reserve(kModels.size());
  for (const Entry& entry : kModels) names.emplace_back(entry.name);
  return names;
}

Result<void> check_model(const ModelConfig& config) {
  const auto error = [&](std::string finding) {
    return Error{fmt::format("model \"{}\": {}", config.name, finding), ExitCode::invalid_input};
  };
  struct Bound {
    const char* name;
    int value, limit;
  };
  for (const Bound& bound :
       {Bound{"blocks", config.blocks, kMaxBlocks}, Bound{"width", config.width, kMaxWidth},
        Bound{"heads", config.heads, kMaxWidth}, Bound{"mlp_width", config.mlp_width, kMaxMlpWidth},
        Bound{"image_size", config.image_size, kMaxImageSize}, Bound{"patch", config.patch, kMaxImageSize},
        Bound{"channels", config.channels, kMaxChannels}, Bound{"classes", config.classes, kMaxClasses}}) {
    if (bound.value >= 1 && bound.value <= bound.limit) continue;
    return error(fmt::format("{} must be 1 to {}, got {}", bound.name, bound.limit, bound.value));
  }
  if (config.width % config.heads != 0)
    return error(fmt::format("heads {} must divide width {}", config.heads, config.width));
  if (config.image_size % config.patch != 0)
    return error(fmt::format("patch {} must divide image_size {}", config.patch, config.image_size));
  const std::int64_t side = config.image_size / config.patch;
  if (side * side + 1 > kMaxTokens)
    return error(fmt::format("at most {} tokens, got {}", kMaxTokens, side * side + 1));
  return {};
}

std::vector<TensorSpec> tensors_at_cut(const ModelConfig& config, int cut) {
  MR_CHECK(cut >= 0 && cut <= config.sub_layers(), "a cut of the model");
  if (cut == 0)
    return {{TensorRole::image, std::int64_t{config.channels} * config.image_size, config.image_size}};
  if (cut == config.sub_layers()) return {{TensorRole::logits, 1, config.classes}};
  const TensorSpec residual{TensorRole::residual, config.tokens(), config.width};
  switch (cut % 4) {
    case 1:
      return {{TensorRole::attention_context, config.tokens(), config.width}, residual};
    case 3:
      return {{TensorRole::gelu, config.tokens(), config.mlp_width}, residual};
    default:
      return {residual};
  }
}

std::int64_t values_at_cut(const ModelConfig& config, int cut) {
  std::int64_t values = 0;
  for (const TensorSpec& tensor : tensors_at_cut(config, cut)) values += tensor.values_per_image();
  return values;
}

Bytes weight_bytes(const ModelConfig& config, LayerRange range) {
  require_range(config, range);
  std::int64_t count = 0;
  for (int layer = range.first; layer <= range.last; ++layer) count += weights_of(config, layer);
  return Bytes(count * 4);
}

double flops_per_image(const ModelConfig& config, LayerRange range) {
  require_range(config, range);
  double flops = 0;
  for (int layer = range.first; layer <= range.last; ++layer) flops += flops_of(config, layer);
  return flops;
}

}  // namespace millrace
