#include "runtime/stage/vit_layers.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <fmt/core.h>

namespace millrace {

namespace {

// timm's value. Hugging Face's ViT has 1e-12; the difference moves logits by less than fp32 rounding does.
constexpr double kNormEpsilon = 1e-6;

}  // namespace

Result<std::unique_ptr<const Layers>> VitLayers::load(const ModelConfig& model, LayerRange range,
                                                      const WeightSource& weights, at::Device device) {
  auto made = std::make_unique<VitLayers>();
  VitLayers& layers = *made;
  layers.model_ = model;
  layers.range_ = range;
  LayerLoader loader(weights, device);
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
  layers.owners_ = loader.take_owners();
  return std::unique_ptr<const Layers>(std::move(made));
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
      out.inner =
          at::linear(layer_norm(in.residual, block.norm2, kNormEpsilon), block.up.weight, block.up.bias);
      at::gelu_(out.inner);  // exact: x/2 (1 + erf(x/√2))
      break;
    default:
      out.residual = at::linear(in.inner, block.down.weight, block.down.bias).add_(in.residual);
      break;
  }
  if (layer == model_.sub_layers())
    out.residual = at::linear(layer_norm(out.residual.narrow(0, 0, 1), final_norm_, kNormEpsilon),
                              head_.weight, head_.bias);
  return out;
}

// Normalises values 0..1 in place, channel by channel.
at::Tensor VitLayers::normalise(at::Tensor shares) const {
  const PixelStatistics pixels = pixel_statistics(model_.normalisation);
  for (std::int64_t channel = 0; channel < shares.size(0); ++channel) {
    const auto colour = static_cast<std::size_t>(channel) % pixels.mean.size();  // more than 3: all alike
    shares.select(0, channel).sub_(pixels.mean[colour]).div_(pixels.deviation[colour]);
  }
  return shares;
}

// Pixels [channels·size, size], 0..255, to tokens [T, D]: the patches' convolution as one matrix product.
at::Tensor VitLayers::embed(const at::Tensor& pixels) const {
  const std::int64_t side = model_.image_size / model_.patch, p = model_.patch, c = model_.channels;
  const at::Tensor normalised = normalise(pixels.div(255.0).view({c, side * p, side * p}));
  const at::Tensor patches =
      normalised.view({c, side, p, side, p}).permute({1, 3, 0, 2, 4}).reshape({side * side, c * p * p});
  at::Tensor tokens = at::empty({model_.tokens(), model_.width}, positions_.options());
  tokens.narrow(0, 0, 1).copy_(class_token_.view({1, model_.width}));
  tokens.narrow(0, 1, side * side)
      .copy_(at::linear(patches, patches_.weight.view({model_.width, c * p * p}), patches_.bias));
  return tokens.add_(positions_.view({model_.tokens(), model_.width}));
}

at::Tensor VitLayers::attend(const at::Tensor& x, const Block& block) const {
  const std::int64_t heads = model_.heads, head_dim = model_.width / model_.heads, tokens = model_.tokens();
  const at::Tensor qkv =
      at::linear(layer_norm(x, block.norm1, kNormEpsilon), block.qkv.weight, block.qkv.bias)
          .view({tokens, 3, heads, head_dim})
          .permute({1, 2, 0, 3});
  return attention(qkv[0], qkv[1], qkv[2]);
}

}  // namespace millrace
