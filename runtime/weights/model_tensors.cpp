#include "runtime/weights/model_tensors.hpp"

#include <fmt/core.h>

#include <initializer_list>

namespace millrace {
namespace {

class Collector {
 public:
  void tensor(std::string name, std::vector<std::int64_t> shape) {
    all_.push_back({std::move(name), std::move(shape)});
  }
  // `name`.weight, and `name`.bias of as many values as the weight has rows.
  void affine(const std::string& name, const std::vector<std::int64_t>& shape) {
    tensor(name + ".weight", shape);
    tensor(name + ".bias", {shape[0]});
  }
  std::vector<ModelTensor> take() { return std::move(all_); }

 private:
  std::vector<ModelTensor> all_;
};

std::vector<ModelTensor> vit_tensors(const ModelConfig& model) {
  const std::int64_t d = model.width, m = model.mlp_width;
  Collector in;
  in.affine("patch_embed.proj", {d, model.channels, model.patch, model.patch});
  in.tensor("cls_token", {1, 1, d});
  in.tensor("pos_embed", {1, model.tokens(), d});
  for (int b = 0; b < model.blocks; ++b) {
    const std::string block = fmt::format("blocks.{}.", b);
    in.affine(block + "norm1", {d});
    in.affine(block + "attn.qkv", {3 * d, d});
    in.affine(block + "attn.proj", {d, d});
    in.affine(block + "norm2", {d});
    in.affine(block + "mlp.fc1", {m, d});
    in.affine(block + "mlp.fc2", {d, m});
  }
  in.affine("norm", {d});
  in.affine("head", {model.classes, d});
  return in.take();
}

std::vector<ModelTensor> kwt_tensors(const ModelConfig& model) {
  const std::int64_t d = model.width, m = model.mlp_width;
  Collector in;
  in.affine("patch_proj", {d, model.coefficients});
  in.tensor("cls_token", {1, 1, d});
  in.tensor("pos_embed", {1, model.tokens(), d});
  for (int b = 0; b < model.blocks; ++b) {
    const std::string block = fmt::format("blocks.{}.", b);
    for (const char* part : {"q", "k", "v"}) in.tensor(fmt::format("{}attn.{}.weight", block, part), {d, d});
    in.affine(block + "attn.proj", {d, d});
    in.affine(block + "norm1", {d});
    in.affine(block + "mlp.fc1", {m, d});
    in.affine(block + "mlp.fc2", {d, m});
    in.affine(block + "norm2", {d});
  }
  in.affine("head", {model.classes, d});
  return in.take();
}

std::vector<ModelTensor> bert_tensors(const ModelConfig& model) {
  const std::int64_t d = model.width, m = model.mlp_width;
  Collector in;
  in.tensor("bert.embeddings.word_embeddings.weight", {model.vocabulary, d});
  in.tensor("bert.embeddings.position_embeddings.weight", {model.positions, d});
  in.tensor("bert.embeddings.token_type_embeddings.weight", {2, d});
  in.affine("bert.embeddings.LayerNorm", {d});
  for (int b = 0; b < model.blocks; ++b) {
    const std::string block = fmt::format("bert.encoder.layer.{}.", b);
    for (const char* part : {"query", "key", "value"}) in.affine(block + "attention.self." + part, {d, d});
    in.affine(block + "attention.output.dense", {d, d});
    in.affine(block + "attention.output.LayerNorm", {d});
    in.affine(block + "intermediate.dense", {m, d});
    in.affine(block + "output.dense", {d, m});
    in.affine(block + "output.LayerNorm", {d});
  }
  in.affine("bert.pooler.dense", {d, d});
  in.affine("classifier", {model.classes, d});
  return in.take();
}

}  // namespace

std::vector<ModelTensor> model_tensors(const ModelConfig& model) {
  switch (model.family) {
    case ModelFamily::vit:
      break;
    case ModelFamily::kwt:
      return kwt_tensors(model);
    case ModelFamily::bert:
      return bert_tensors(model);
  }
  return vit_tensors(model);
}

}  // namespace millrace
