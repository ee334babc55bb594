#include "runtime/stage/kwt_layers.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>

namespace millrace {

namespace {

PostNormStyle style() {
  return {.norm_epsilon = 1e-6,
          .gelu_by_tanh = true,
          .qkv_bias = false,
          .prefix = "blocks.{}.",
          .query = "attn.q",
          .key = "attn.k",
          .value = "attn.v",
          .projection = "attn.proj",
          .norm1 = "norm1",
          .up = "mlp.fc1",
          .down = "mlp.fc2",
          .norm2 = "norm2"};
}

}  // namespace

Result<std::unique_ptr<const Layers>> KwtLayers::load(const ModelConfig& model, LayerRange range,
                                                      const WeightSource& weights, at::Device device) {
  auto layers = std::make_unique<KwtLayers>();
  layers->model_ = model;
  LayerLoader loader(weights, device);
  const std::int64_t d = model.width;
  if (range.contains(1)) {
    layers->projection_ = loader.affine("patch_proj", {d, model.coefficients});
    layers->class_token_ = loader.tensor("cls_token", {1, 1, d});
    layers->positions_ = loader.tensor("pos_embed", {1, model.tokens(), d});
  }
  layers->blocks_ = PostNormBlocks::load(model, range, style(), loader);
  if (range.contains(model.sub_layers())) layers->head_ = loader.affine("head", {model.classes, d});
  if (loader.fault()) return *loader.fault();
  layers->owners_ = loader.take_owners();
  return std::unique_ptr<const Layers>(std::move(layers));
}

Activations KwtLayers::run(int layer, const Activations& in) const {
  Activations embedded;
  if (layer == 1) embedded.residual = embed(in.residual);
  Activations out = blocks_.run(layer, layer == 1 ? embedded : in, model_.tokens());
  if (layer == model_.sub_layers())
    out.residual = at::linear(out.residual.narrow(0, 0, 1), head_.weight, head_.bias);
  return out;
}

// Features [frames, coefficients] to tokens [T, D], the class token in front.
at::Tensor KwtLayers::embed(const at::Tensor& features) const {
  at::Tensor tokens = at::empty({model_.tokens(), model_.width}, positions_.options());
  tokens.narrow(0, 0, 1).copy_(class_token_.view({1, model_.width}));
  tokens.narrow(0, 1, model_.frames).copy_(at::linear(features, projection_.weight, projection_.bias));
  return tokens.add_(positions_.view({model_.tokens(), model_.width}));
}

}  // namespace millrace
