// A vision transformer as batched LibTorch operations with gradients, for training. It shares no code with
// VitLayers, which computes image by image and without gradients, so each can verify the other. Private to
// this folder.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/weights/weights.hpp"

namespace millrace {

class VitAutograd {
 public:
  // Fresh weights, drawn from Random(seed, "training/weights/<name>"): residual branches start small, the
  // head at zero.
  static VitAutograd fresh(const ModelConfig& model, std::uint64_t seed);
  static Result<VitAutograd> of(const ModelConfig& model, const WeightSource& weights);

  // u8 pixels [images, channels, size, size] to logits [images, classes]. Thread-safe.
  at::Tensor forward(std::span<const std::uint8_t> pixels) const;

  const ModelConfig& model() const { return model_; }
  // timm's names, and the leaf tensors that require gradients, in the same order. References, not copies.
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<at::Tensor>& parameters() const { return parameters_; }

 private:
  explicit VitAutograd(const ModelConfig& model) : model_(model) {}
  void add(const std::string& name, const at::Tensor& values);
  const at::Tensor& weight(const std::string& name) const;
  at::Tensor affine(const at::Tensor& x, const std::string& name) const;
  at::Tensor norm(const at::Tensor& x, const std::string& name) const;
  at::Tensor normalised(const at::Tensor& input) const;
  at::Tensor embed(const at::Tensor& pixels) const;
  at::Tensor attend(const at::Tensor& x, const std::string& block) const;

  ModelConfig model_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> parameters_;
};

}  // namespace millrace
