// The sub-layers of a keyword transformer (Berg et al. 2021): post-norm, each frame of MFCC features is a
// token. Private to this folder.
#pragma once

#include "runtime/stage/post_norm_blocks.hpp"

namespace millrace {

class KwtLayers final : public Layers {
 public:
  static Result<std::unique_ptr<const Layers>> load(const ModelConfig& model, LayerRange range,
                                                    const WeightSource& weights, at::Device device);
  Activations run(int layer, const Activations& in) const override;

 private:
  at::Tensor embed(const at::Tensor& features) const;

  ModelConfig model_;
  Affine projection_, head_;  // tensors of sub-layers outside the range stay undefined
  at::Tensor class_token_, positions_;
  PostNormBlocks blocks_;
  std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace millrace
