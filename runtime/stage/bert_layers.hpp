// The sub-layers of BERT with a classification head (Devlin et al. 2018; Hugging Face's
// BertForSequenceClassification): post-norm, token ids in. Padding is left out of every computation instead
// of being masked, so that a sequence's logits have the same bits however far it is padded. Private to this
// folder.
#pragma once

#include "runtime/stage/post_norm_blocks.hpp"

namespace millrace {

class BertLayers final : public Layers {
 public:
  static Result<std::unique_ptr<const Layers>> load(const ModelConfig& model, LayerRange range,
                                                    const WeightSource& weights, at::Device device);
  Activations run(int layer, const Activations& in) const override;

 private:
  Activations embed(const Activations& in) const;

  ModelConfig model_;
  at::Tensor words_, positions_, types_;  // tensors of sub-layers outside the range stay undefined
  Affine norm_, pooler_, head_;
  PostNormBlocks blocks_;
  std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace millrace
