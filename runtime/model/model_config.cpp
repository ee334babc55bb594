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
  Normalisation normalisation = Normalisation::half;
};
constexpr auto kImageNet = Normalisation::imagenet;

// Dosovitskiy et al. 2020 (ViT), Touvron et al. 2020 (DeiT, without distillation token); mlp_width = 4·width.
constexpr std::array<Entry, 9> kModels{{
    {"vit-tiny", 12, 192, 3, 16},
    {"vit-small", 12, 384, 6, 16},
    {"vit-base", 12, 768, 12, 16},
    {"vit-large", 24, 1024, 16, 16},
    {"vit-huge", 32, 1280, 16, 14},
    {"deit-tiny", 12, 192, 3, 16, 224, 1000, kImageNet},
    {"deit-small", 12, 384, 6, 16, 224, 1000, kImageNet},
    {"deit-base", 12, 768, 12, 16, 224, 1000, kImageNet},
    {"vit-mini", 6, 64, 4, 4, 32, 12},
}};

// KWT-1: Berg et al. 2021, 1 s of audio, 12 classes. BERT: Devlin et al. 2018, Hugging Face's classification
// head of two classes; sequences of 128 tokens, usual for sentence tasks.
std::vector<ModelConfig> other_models() {
  const ModelConfig kwt{.name = "kwt-1",
                        .family = ModelFamily::kwt,
                        .blocks = 12,
                        .width = 64,
                        .heads = 1,
                        .mlp_width = 256,
                        .channels = 0,
                        .classes = 12,
                        .frames = 98,
                        .coefficients = 40};
  const ModelConfig base{.name = "bert-base",
                         .family = ModelFamily::bert,
                         .blocks = 12,
                         .width = 768,
                         .heads = 12,
                         .mlp_width = 3072,
                         .channels = 0,
                         .classes = 2,
                         .sequence = 128,
                         .positions = 512,
                         .vocabulary = 30'522};
  ModelConfig large = base;
  large.name = "bert-large";
  large.blocks = 24;
  large.width = 1024;
  large.heads = 16;
  large.mlp_width = 4096;
  return {kwt, base, large};
}

constexpr int kMaxWidth = 65536;
constexpr int kMaxTokens = 65536;
constexpr int kMaxImageSize = 16384;
constexpr int kTokenTypes = 2;

constexpr std::array<ModelDimension, 13> kDimensions{{
    {"blocks", &ModelConfig::blocks, 1024, {}},
    {"width", &ModelConfig::width, kMaxWidth, {}},
    {"heads", &ModelConfig::heads, kMaxWidth, {}},
    {"mlp_width", &ModelConfig::mlp_width, 4 * kMaxWidth, {}},
    {"image_size", &ModelConfig::image_size, kMaxImageSize, ModelFamily::vit},
    {"patch", &ModelConfig::patch, kMaxImageSize, ModelFamily::vit},
    {"channels", &ModelConfig::channels, 16, ModelFamily::vit},
    {"classes", &ModelConfig::classes, 1 << 20, {}},
    {"frames", &ModelConfig::frames, kMaxTokens - 1, ModelFamily::kwt},
    {"coefficients", &ModelConfig::coefficients, kMaxWidth, ModelFamily::kwt},
    {"sequence", &ModelConfig::sequence, kMaxTokens, ModelFamily::bert},
    {"positions", &ModelConfig::positions, kMaxTokens, ModelFamily::bert},
    {"vocabulary", &ModelConfig::vocabulary, 1 << 24, ModelFamily::bert},  // what `u24` holds
}};

void require_range(const ModelConfig& config, LayerRange range) {
  MR_CHECK(range.size() <= 0 || (range.first >= 1 && range.last <= config.sub_layers()),
           "a range of the model's sub-layers");
}

// The place of a layer among the four sub-layers of its block: 1..4.
int kind_of(int layer) { return (layer - 1) % 4 + 1; }

// The input values per token that the first matrix product reads.
std::int64_t values_per_input_token(const ModelConfig& config) {
  return config.family == ModelFamily::vit ? std::int64_t{config.channels} * config.patch * config.patch
                                           : config.coefficients;
}

std::int64_t embedding_weights(const ModelConfig& config) {
  const std::int64_t d = config.width;
  if (config.family == ModelFamily::bert)  // words, positions, token types, norm
    return (config.vocabulary + config.positions + kTokenTypes) * d + 2 * d;
  // projection and its bias, class token, positions
  return d * values_per_input_token(config) + d + d + config.tokens() * d;
}

std::int64_t head_weights(const ModelConfig& config) {
  const std::int64_t d = config.width;
  const std::int64_t head = config.classes * d + config.classes;
  switch (config.family) {
    case ModelFamily::vit:
      return 2 * d + head;  // final norm
    case ModelFamily::kwt:
      return head;
    case ModelFamily::bert:
      return d * d + d + head;  // pooler
  }
  return head;
}

std::int64_t weights_of(const ModelConfig& config, int layer) {
  const std::int64_t d = config.width, m = config.mlp_width;
  const std::int64_t norm = 2 * d;
  const bool pre_norm = config.family == ModelFamily::vit;
  std::int64_t count = 0;
  switch (kind_of(layer)) {
    case 1:
      count = 3 * d * d + (config.family == ModelFamily::kwt ? 0 : 3 * d) + (pre_norm ? norm : 0);
      break;
    case 2:
      count = d * d + d + (pre_norm ? 0 : norm);
      break;
    case 3:
      count = m * d + m + (pre_norm ? norm : 0);
      break;
    default:
      count = d * m + d + (pre_norm ? 0 : norm);
      break;
  }
  if (layer == 1) count += embedding_weights(config);
  if (layer == config.sub_layers()) count += head_weights(config);
  return count;
}

double flops_of(const ModelConfig& config, int layer) {
  const double t = config.tokens(), d = config.width, m = config.mlp_width;
  const bool bert = config.family == ModelFamily::bert;
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
  if (layer == 1 && !bert)  // all tokens but the class token; bert looks its words up
    flops += 2.0 * (t - 1) * d * static_cast<double>(values_per_input_token(config));
  if (layer == config.sub_layers()) flops += 2.0 * d * config.classes + (bert ? 2.0 * d * d : 0);
  return flops;
}

// The family's input for the first stage.
std::vector<TensorSpec> input_tensors(const ModelConfig& config) {
  switch (config.family) {
    case ModelFamily::vit:
      return {{TensorRole::image, std::int64_t{config.channels} * config.image_size, config.image_size}};
    case ModelFamily::kwt:
      return {{TensorRole::features, config.frames, config.coefficients}};
    case ModelFamily::bert:
      return {{TensorRole::tokens, config.sequence, 1}, {TensorRole::lengths, 1, 2}};
  }
  return {};
}

}  // namespace

std::string_view family_name(ModelFamily family) {
  switch (family) {
    case ModelFamily::vit:
      return "vit";
    case ModelFamily::kwt:
      return "kwt";
    case ModelFamily::bert:
      return "bert";
  }
  return "?";
}

PixelStatistics pixel_statistics(Normalisation normalisation) {
  switch (normalisation) {
    case Normalisation::half:
      break;
    case Normalisation::imagenet:
      return {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
    case Normalisation::clip:
      return {{0.48145466, 0.4578275, 0.40821073}, {0.26862954, 0.26130258, 0.27577711}};
    case Normalisation::unit:
      return {{0, 0, 0}, {1, 1, 1}};
  }
  return {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};
}

Result<Normalisation> normalisation_by_name(std::string_view name) {
  const auto found = std::ranges::find(kNormalisationNames, name);
  if (found != kNormalisationNames.end())
    return static_cast<Normalisation>(found - kNormalisationNames.begin());
  return Error{fmt::format("no normalisation is called \"{}\"; known are {}", name,
                           fmt::join(kNormalisationNames, ", ")),
               ExitCode::invalid_input};
}

int ModelConfig::tokens() const {
  switch (family) {
    case ModelFamily::vit:
      return patches() + 1;
    case ModelFamily::kwt:
      return frames + 1;
    case ModelFamily::bert:
      return sequence;
  }
  return 0;
}

std::int64_t ModelConfig::input_values() const { return values_at_cut(*this, 0); }

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
                       .classes = entry.classes,
                       .normalisation = entry.normalisation};
  }
  for (ModelConfig& model : other_models()) {
    if (model.name == name) return std::move(model);
  }
  return Error{fmt::format("no model is called \"{}\"; known are {}", name, fmt::join(model_names(), ", ")),
               ExitCode::invalid_input};
}

std::vector<std::string> model_names() {
  auto others = other_models();
  std::vector<std::string> names;
  names.reserve(kModels.size() + others.size());
  for (const Entry& entry : kModels) names.emplace_back(entry.name);
  for (ModelConfig& model : others) names.push_back(std::move(model.name));
  return names;
}

std::span<const ModelDimension> model_dimensions() { return kDimensions; }

Result<void> check_model(const ModelConfig& config) {
  const auto error = [&](std::string finding) {
    return Error{fmt::format("model \"{}\": {}", config.name, finding), ExitCode::invalid_input};
  };
  for (const ModelDimension& dimension : kDimensions) {
    const int value = config.*dimension.value;
    if (!dimension.of(config.family)) {
      if (value == 0) continue;
      return error(fmt::format("{} is no dimension of the {} family; remove it", dimension.name,
                               family_name(config.family)));
    }
    if (value >= 1 && value <= dimension.most) continue;
    return error(fmt::format("{} must be 1 to {}, got {}", dimension.name, dimension.most, value));
  }
  if (config.width % config.heads != 0)
    return error(fmt::format("heads {} must divide width {}", config.heads, config.width));
  if (config.sequence > config.positions)
    return error(fmt::format("sequence {} must not exceed positions {}", config.sequence, config.positions));
  if (config.family != ModelFamily::vit) {
    if (config.normalisation == Normalisation::half) return {};
    return error(fmt::format("the {} family has no normalisation; remove it", family_name(config.family)));
  }
  const PixelStatistics pixels = pixel_statistics(config.normalisation);
  const bool alike = pixels.mean[0] == pixels.mean[1] && pixels.mean[1] == pixels.mean[2];
  if (!alike && config.channels != 3)
    return error(fmt::format("normalisation {} is of 3 colours, channels is {}; choose half or unit",
                             kNormalisationNames[static_cast<std::size_t>(config.normalisation)],
                             config.channels));
  if (config.image_size % config.patch != 0)
    return error(fmt::format("patch {} must divide image_size {}", config.patch, config.image_size));
  const std::int64_t side = config.image_size / config.patch;
  if (side * side + 1 > kMaxTokens)
    return error(fmt::format("at most {} tokens, got {}", kMaxTokens, side * side + 1));
  return {};
}

std::vector<TensorSpec> tensors_at_cut(const ModelConfig& config, int cut) {
  MR_CHECK(cut >= 0 && cut <= config.sub_layers(), "a cut of the model");
  if (cut == 0) return input_tensors(config);
  if (cut == config.sub_layers()) return {{TensorRole::logits, 1, config.classes}};
  std::vector<TensorSpec> tensors;
  if (cut % 4 == 1) tensors.push_back({TensorRole::attention_context, config.tokens(), config.width});
  if (cut % 4 == 3) tensors.push_back({TensorRole::gelu, config.tokens(), config.mlp_width});
  tensors.push_back({TensorRole::residual, config.tokens(), config.width});
  if (config.family == ModelFamily::bert) tensors.push_back({TensorRole::lengths, 1, 1});
  return tensors;
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
