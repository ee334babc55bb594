#include "runtime/training/vit_autograd.hpp"

#include <ATen/ATen.h>
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/random.hpp"

namespace millrace {

namespace {

struct Parameter {
  std::string name;
  std::vector<std::int64_t> shape;
};

std::vector<Parameter> parameters_of(const ModelConfig& model) {
  const std::int64_t d = model.width, m = model.mlp_width, p = model.patch;
  std::vector<Parameter> all{{"cls_token", {1, 1, d}}, {"pos_embed", {1, model.tokens(), d}}};
  const auto affine = [&](const std::string& name, std::vector<std::int64_t> shape) {
    all.push_back({name + ".weight", shape});
    all.push_back({name + ".bias", {shape[0]}});
  };
  affine("patch_embed.proj", {d, model.channels, p, p});
  for (int block = 0; block < model.blocks; ++block) {
    const std::string name = fmt::format("blocks.{}.", block);
    affine(name + "norm1", {d});
    affine(name + "attn.qkv", {3 * d, d});
    affine(name + "attn.proj", {d, d});
    affine(name + "norm2", {d});
    affine(name + "mlp.fc1", {m, d});
    affine(name + "mlp.fc2", {d, m});
  }
  affine("norm", {d});
  affine("head", {model.classes, d});
  return all;
}

double deviation_of(const ModelConfig& model, const Parameter& parameter) {
  constexpr double kTokenDeviation = 0.05;
  const std::string& name = parameter.name;
  if (name == "cls_token") return kTokenDeviation;
  if (name == "pos_embed" || name.ends_with(".bias") || name.starts_with("head.") ||
      parameter.shape.size() < 2)
    return 0;
  std::int64_t fan_in = 1;
  for (std::size_t i = 1; i < parameter.shape.size(); ++i) fan_in *= parameter.shape[i];
  const double deviation = 1 / std::sqrt(static_cast<double>(fan_in));
  const bool into_residual = name.find(".proj.weight") != std::string::npos && name.starts_with("blocks.");
  const bool down = name.find("mlp.fc2") != std::string::npos;
  return into_residual || down ? deviation / std::sqrt(2.0 * model.blocks) : deviation;
}

// Sines and cosines of a patch's row and column (Beyer et al. 2022), as initial position weights: the model
// hardly has to learn which patches are neighbours. The class token's are zero.
void draw_grid_positions(const ModelConfig& model, float* value) {
  constexpr double kAmplitude = 0.5, kSlowest = 20;  // in patches per radian
  const int side = model.image_size / model.patch, quarter = model.width / 4;
  for (int patch = 0; patch < model.patches(); ++patch) {
    float* own = value + (patch + 1) * model.width;
    const int line = patch / side, place = patch % side;
    for (int i = 0; i < quarter; ++i) {
      const double frequency = std::pow(kSlowest, -static_cast<double>(i) / quarter);
      const double row = line * frequency, column = place * frequency;
      own[i] = static_cast<float>(kAmplitude * std::sin(row));
      own[quarter + i] = static_cast<float>(kAmplitude * std::cos(row));
      own[2 * quarter + i] = static_cast<float>(kAmplitude * std::sin(column));
      own[3 * quarter + i] = static_cast<float>(kAmplitude * std::cos(column));
    }
  }
}

}  // namespace

VitAutograd VitAutograd::fresh(const ModelConfig& model, std::uint64_t seed) {
  VitAutograd vit(model);
  for (const Parameter& parameter : parameters_of(model)) {
    at::Tensor values = at::zeros(parameter.shape, at::kFloat);
    const bool norm = parameter.shape.size() == 1 && parameter.name.ends_with(".weight");
    if (norm) values.fill_(1);
    if (parameter.name == "pos_embed") draw_grid_positions(model, values.data_ptr<float>());
    if (const double deviation = deviation_of(model, parameter); deviation > 0) {
      Random random(seed, "training/weights/" + parameter.name);
      auto* value = values.data_ptr<float>();
      for (std::int64_t i = 0; i < values.numel(); ++i)
        value[i] = static_cast<float>(deviation * random.normal());
    }
    vit.add(parameter.name, values);
  }
  return vit;
}

Result<VitAutograd> VitAutograd::of(const ModelConfig& model, const WeightSource& weights) {
  VitAutograd vit(model);
  for (const Parameter& parameter : parameters_of(model)) {
    const auto found = weights.tensor(parameter.name, parameter.shape);
    if (!found) return found.error();
    at::Tensor values = at::empty(parameter.shape, at::kFloat);
    std::copy(found->values.begin(), found->values.end(), values.data_ptr<float>());
    vit.add(parameter.name, values);
  }
  return vit;
}

void VitAutograd::add(const std::string& name, const at::Tensor& values) {
  names_.push_back(name);
  parameters_.push_back(values.requires_grad_());
}

const at::Tensor& VitAutograd::weight(const std::string& name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  MR_CHECK(found != names_.end(), name);
  return parameters_[static_cast<std::size_t>(found - names_.begin())];
}

at::Tensor VitAutograd::affine(const at::Tensor& x, const std::string& name) const {
  return at::linear(x, weight(name + ".weight"), weight(name + ".bias"));
}

at::Tensor VitAutograd::norm(const at::Tensor& x, const std::string& name) const {
  return at::layer_norm(x, {model_.width}, weight(name + ".weight"), weight(name + ".bias"), 1e-6);
}

at::Tensor VitAutograd::forward(std::span<const std::uint8_t> pixels) const {
  const std::int64_t size = model_.image_size;
  const auto images = static_cast<std::int64_t>(pixels.size()) / model_.input_values();
  MR_CHECK(images * model_.input_values() == static_cast<std::int64_t>(pixels.size()), "whole images");
  at::Tensor input = at::empty({images, model_.channels, size, size}, at::kFloat);
  std::copy(pixels.begin(), pixels.end(), input.data_ptr<float>());
  at::Tensor x = embed(normalised(input));
  for (int number = 0; number < model_.blocks; ++number) {
    const std::string block = fmt::format("blocks.{}.", number);
    x = x + affine(attend(norm(x, block + "norm1"), block), block + "attn.proj");
    x = x + affine(at::gelu(affine(norm(x, block + "norm2"), block + "mlp.fc1")), block + "mlp.fc2");
  }
  return affine(norm(x, "norm").select(1, 0), "head");
}

at::Tensor VitAutograd::normalised(const at::Tensor& input) const {
  if (model_.normalisation == Normalisation::half) return input / 127.5 - 1;
  const PixelStatistics pixels = pixel_statistics(model_.normalisation);
  std::vector<at::Tensor> channels;
  for (std::size_t c = 0; c < static_cast<std::size_t>(model_.channels); ++c)
    channels.push_back((input.select(1, static_cast<std::int64_t>(c)) / 255.0 - pixels.mean[c % 3]) /
                       pixels.deviation[c % 3]);
  return at::stack(channels, 1);
}

at::Tensor VitAutograd::embed(const at::Tensor& pixels) const {
  const at::Tensor patches =
      at::conv2d(pixels, weight("patch_embed.proj.weight"), weight("patch_embed.proj.bias"), model_.patch)
          .flatten(2)
          .transpose(1, 2);
  const at::Tensor token = weight("cls_token").expand({pixels.size(0), 1, model_.width});
  return at::cat({token, patches}, 1) + weight("pos_embed");
}

at::Tensor VitAutograd::attend(const at::Tensor& x, const std::string& block) const {
  const std::int64_t heads = model_.heads, head_width = model_.width / heads;
  const auto parts = affine(x, block + "attn.qkv").chunk(3, 2);
  const auto split = [&](const at::Tensor& part) {
    return part.unflatten(2, {heads, head_width}).transpose(1, 2);
  };
  const at::Tensor scores = at::matmul(split(parts[0]), split(parts[1]).transpose(2, 3)) /
                            std::sqrt(static_cast<double>(head_width));
  return at::matmul(at::softmax(scores, -1), split(parts[2])).transpose(1, 2).flatten(2);
}

}  // namespace millrace
