#include "runtime/stage/vit_layers.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/_softmax.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <fmt/core.h>

#include <cmath>

namespace millrace {

namespace {

// timm's value. Hugging Face's ViT says 1e-12, which moves logits by less than fp32 rounding does.
constexpr double kNormEpsilon = 1e-6;

int block_of_layer(int layer) { return (layer - 1) / 4; }

}  // namespace

void one_thread_per_operation() {
  if (at::get_num_threads() != 1) at::set_num_threads(1);  // the setting is the thread's
}

// Asks for tensors one by one and remembers the first that was not to be had.
class VitLayers::Loader {
 public:
  Loader(const WeightSource& weights, VitLayers& into) : weights_(weights), into_(into) {}

  at::Tensor tensor(const std::string& name, const std::vector<std::int64_t>& shape) {
    if (fault_) return {};
    auto found = weights_.tensor(name, shape);
    if (!found) {
      fault_ = found.error();
      return {};
    }
    into_.owners_.push_back(found->owner);
    // from_blob wants a writable pointer; nothing here writes to weights, which may be mapped read-only.
    return at::from_blob(const_cast<float*>(found->values.data()), shape, at::kFloat);
  }
  Affine affine(const std::string& name, std::vector<std::int64_t> shape) {
    at::Tensor weight = tensor(name + ".weight", shape);
    return {std::move(weight), tensor(name + ".bias", {shape[0]})};
  }
  const std::optional<Error>& fault() const { return fault_; }

 private:
  const WeightSource& weights_;
  VitLayers& into_;
  std::optional<Error> fault_;
};

Result<VitLayers> VitLayers::load(const ModelConfig& model, LayerRange range, const WeightSource& weights) {
  VitLayers layers;
  layers.model_ = model;
  layers.range_ = range;
  Loader loader(weights, layers);
  const std::int64_t d = model.width, m = model.mlp_width;
  const auto has = [&](int layer) { return range.contains(layer); };
  if (has(1)) {
    layers.patches_ = loader.affine("patch_embed.proj", {d, model.channels, model.patch, model.patch});
    layers.class_token_ = loader.tensor("cls_token", {1, 1, d});
    layers.positions_ = loader.tensor("pos_embed", {1, model.tokens(), d});
  }
  for (int b = block_of_layer(range.first); b <= block_of_layer(range.last); ++b) {
    Block block;
    const std::string name = fmt::format("blocks.{}.", b);
    if (has(4 * b + 1)) {
      block.norm1 = loader.affine(name + "norm1", {d});
      block.qkv = loader.affine(name + "attn.qkv", {3 * d, d});
    }
    if (has(4 * b + 2)) block.projection = loader.affine(name + "attn.proj", {d, d});
    if (has(4 * b + 3)) {
      block.norm2 = loader.affine(name + "norm2", {d});
      block.up = loader.affine(name + "mlp.fc1", {m, d});
    }
    if (has(4 * b + 4)) block.down = loader.affine(name + "mlp.fc2", {d, m});
    layers.blocks_.push_back(std::move(block));
  }
  if (has(model.sub_layers())) {
    layers.final_norm_ = loader.affine("norm", {d});
    layers.head_ = loader.affine("head", {model.classes, d});
  }
  if (loader.fault()) return *loader.fault();
  return layers;
}

Activations VitLayers::run(int layer, const Activations& in) const {
  const Block& block =
      blocks_[static_cast<std::size_t>(block_of_layer(layer) - block_of_layer(range_.first))];
  Activations out;
  switch ((layer - 1) % 4) {
    case 0:
      out.residual = layer == 1 ? embed(in.residual) : in.residual;
      out.inner = attend(out.residual, block);
      break;
    case 1:
      out.residual = at::linear(in.inner, block.projection.weight, block.projection.bias).add_(in.residual);
      break;
    case 2:
      out.residual = in.residual;
      out.inner = at::linear(norm(in.residual, block.norm2), block.up.weight, block.up.bias);
      at::gelu_(out.inner);  // exact: x/2 (1 + erf(x/√2))
      break;
    default:
      out.residual = at::linear(in.inner, block.down.weight, block.down.bias).add_(in.residual);
      break;
  }
  if (layer == model_.sub_layers())
    out.residual = at::linear(norm(out.residual.narrow(0, 0, 1), final_norm_), head_.weight, head_.bias);
  return out;
}

// Pixels [channels·size, size], 0..255, to tokens [T, D]: the patches' convolution as one matrix product.
at::Tensor VitLayers::embed(const at::Tensor& pixels) const {
  const std::int64_t side = model_.image_size / model_.patch, p = model_.patch, c = model_.channels;
  const at::Tensor normalised = pixels.div(255.0).sub_(0.5).div_(0.5);
  const at::Tensor patches =
      normalised.view({c, side, p, side, p}).permute({1, 3, 0, 2, 4}).reshape({side * side, c * p * p});
  at::Tensor tokens = at::empty({model_.tokens(), model_.width}, at::kFloat);
  tokens.narrow(0, 0, 1).copy_(class_token_.view({1, model_.width}));
  tokens.narrow(0, 1, side * side)
      .copy_(at::linear(patches, patches_.weight.view({model_.width, c * p * p}), patches_.bias));
  return tokens.add_(positions_.view({model_.tokens(), model_.width}));
}

// softmax(q kᵀ / √head_dim) v, heads side by side again: [T, D].
at::Tensor VitLayers::attend(const at::Tensor& x, const Block& block) const {
  const std::int64_t heads = model_.heads, head_dim = model_.width / model_.heads, tokens = model_.tokens();
  const at::Tensor qkv = at::linear(norm(x, block.norm1), block.qkv.weight, block.qkv.bias)
                             .view({tokens, 3, heads, head_dim})
                             .permute({1, 2, 0, 3});
  const double scale = 1 / std::sqrt(static_cast<double>(head_dim));
  at::Tensor scores = at::bmm(qkv[0].mul(scale), qkv[1].transpose(1, 2));
  at::_softmax_out(scores, scores, -1, false);
  return at::bmm(scores, qkv[2]).transpose(0, 1).reshape({tokens, model_.width});
}

at::Tensor VitLayers::norm(const at::Tensor& x, const Affine& affine) const {
  return at::layer_norm(x, {model_.width}, affine.weight, affine.bias, kNormEpsilon);
}

}  // namespace millrace
