// The sub-layers of a vision transformer on LibTorch tensors, one image at a time. Private to this folder:
// including it costs seconds per file.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/stage/weights.hpp"

namespace millrace {

// What crosses a cut, as tensors [rows, width] of one image. `inner` is the attention context after sub-layer
// 1 of a block and the GELU output after sub-layer 3, undefined otherwise; `residual` is the image at cut 0
// and the logits after the last sub-layer.
struct Activations {
  at::Tensor inner;
  at::Tensor residual;
};

// LibTorch computes on the calling thread alone from now on: parallel images keep their bits, parallel
// operations would not.
void one_thread_per_operation();

// Weights of the sub-layers of a range; those outside it stay undefined.
class VitLayers {
 public:
  static Result<VitLayers> load(const ModelConfig& model, LayerRange range, const WeightSource& weights);
  // Runs one sub-layer of the range. REQUIRES inference mode.
  Activations run(int layer, const Activations& in) const;

 private:
  struct Affine {
    at::Tensor weight, bias;
  };
  struct Block {
    Affine norm1, qkv, projection, norm2, up, down;
  };
  class Loader;

  at::Tensor embed(const at::Tensor& pixels) const;
  at::Tensor attend(const at::Tensor& x, const Block& block) const;
  at::Tensor norm(const at::Tensor& x, const Affine& affine) const;

  ModelConfig model_;
  LayerRange range_;
  Affine patches_, final_norm_, head_;
  at::Tensor class_token_, positions_;
  std::vector<Block> blocks_;  // index 0 is the block of range_.first
  std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace millrace
