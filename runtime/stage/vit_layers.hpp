// The sub-layers of a vision transformer: pre-norm, pixels in patches. Private to this folder.
#pragma once

#include <memory>
#include <vector>

#include "runtime/stage/layers.hpp"

namespace millrace {

class VitLayers final : public Layers {
 public:
  static Result<std::unique_ptr<const Layers>> load(const ModelConfig& model, LayerRange range,
                                                    const WeightSource& weights, at::Device device);
  Activations run(int layer, const Activations& in) const override;

 private:
  struct Block {
    Affine norm1, qkv, projection, norm2, up, down;
  };

  at::Tensor embed(const at::Tensor& pixels) const;
  at::Tensor normalise(at::Tensor shares) const;
  at::Tensor attend(const at::Tensor& x, const Block& block) const;

  ModelConfig model_;
  LayerRange range_;
  Affine patches_, final_norm_, head_;  // tensors of sub-layers outside the range stay undefined
  at::Tensor class_token_, positions_;
  std::vector<Block> blocks_;  // index 0 is the block of range_.first
  std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace millrace
