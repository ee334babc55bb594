#include "runtime/stage/bert_layers.hpp"

#include <ATen/ops/index_select.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>

namespace millrace {

namespace {

constexpr double kNormEpsilon = 1e-12;

PostNormStyle style() {
  return {.norm_epsilon = kNormEpsilon,
          .gelu_by_tanh = false,
          .qkv_bias = true,
          .prefix = "bert.encoder.layer.{}.",
          .query = "attention.self.query",
          .key = "attention.self.key",
          .value = "attention.self.value",
          .projection = "attention.output.dense",
          .norm1 = "attention.output.LayerNorm",
          .up = "intermediate.dense",
          .down = "output.dense",
          .norm2 = "output.LayerNorm"};
}

// Entry `which` of `lengths`, a whole number; see tensors_at_cut().
std::int64_t length(const Activations& in, std::int64_t which) {
  return static_cast<std::int64_t>(in.lengths.data_ptr<float>()[which]);
}

}  // namespace

Result<std::unique_ptr<const Layers>> BertLayers::load(const ModelConfig& model, LayerRange range,
                                                       const WeightSource& weights, at::Device device) {
  auto layers = std::make_unique<BertLayers>();
  layers->model_ = model;
  LayerLoader loader(weights, device);
  const std::int64_t d = model.width;
  if (range.contains(1)) {
    const std::string prefix = "bert.embeddings.";
    layers->words_ = loader.tensor(prefix + "word_embeddings.weight", {model.vocabulary, d});
    layers->positions_ = loader.tensor(prefix + "position_embeddings.weight", {model.positions, d});
    layers->types_ = loader.tensor(prefix + "token_type_embeddings.weight", {2, d});
    layers->norm_ = loader.affine(prefix + "LayerNorm", {d});
  }
  layers->blocks_ = PostNormBlocks::load(model, range, style(), loader);
  if (range.contains(model.sub_layers())) {
    layers->pooler_ = loader.affine("bert.pooler.dense", {d, d});
    layers->head_ = loader.affine("classifier", {model.classes, d});
  }
  if (loader.fault()) return *loader.fault();
  layers->owners_ = loader.take_owners();
  return std::unique_ptr<const Layers>(std::move(layers));
}

Activations BertLayers::run(int layer, const Activations& in) const {
  const std::int64_t tokens = length(in, 0);
  Activations out = blocks_.run(layer, layer == 1 ? embed(in) : in, tokens);
  if (layer == model_.sub_layers()) {
    at::Tensor pooled = at::linear(out.residual.narrow(0, 0, 1), pooler_.weight, pooler_.bias);
    at::tanh_(pooled);
    out.residual = at::linear(pooled, head_.weight, head_.bias);
  }
  return out;
}

// Ids [T, 1] to tokens [T, D], with zeroes for padding; of `lengths` only the first is passed on.
Activations BertLayers::embed(const Activations& in) const {
  const std::int64_t tokens = length(in, 0), first_segment = length(in, 1);
  const at::Tensor ids = in.residual.view({model_.tokens()}).narrow(0, 0, tokens).to(at::kLong);
  at::Tensor sum = at::index_select(words_, 0, ids);
  sum.add_(positions_.narrow(0, 0, tokens));
  sum.narrow(0, 0, first_segment).add_(types_.narrow(0, 0, 1));
  sum.narrow(0, first_segment, tokens - first_segment).add_(types_.narrow(0, 1, 1));
  Activations out;
  out.residual = at::zeros({model_.tokens(), model_.width}, sum.options());
  out.residual.narrow(0, 0, tokens).copy_(layer_norm(sum, norm_, kNormEpsilon));
  out.lengths = in.lengths.narrow(1, 0, 1);
  return out;
}

}  // namespace millrace
