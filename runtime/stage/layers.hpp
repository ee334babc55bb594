// A stage's computation, on LibTorch tensors and one image at a time: a range of the sub-layers of a model of
// some family. Private to this folder: including it costs seconds per file.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/weights/weights.hpp"

namespace millrace {

// What crosses a cut, as tensors [rows, width] of one image. `inner` is the attention context after sub-layer
// 1 of a block and the GELU output after sub-layer 3, undefined otherwise; `residual` is the input at cut 0
// and the logits after the last sub-layer; `lengths` is undefined for families without lengths.
struct Activations {
  at::Tensor inner;
  at::Tensor residual;
  at::Tensor lengths;
};

// The seam between families.
class Layers {
 public:
  virtual ~Layers() = default;
  // Runs one sub-layer of the range; its input is not changed. REQUIRES inference mode and an input that
  // check_input() accepts.
  virtual Activations run(int layer, const Activations& in) const = 0;
};

// Weights of the sub-layers of a range, for the model's family. REQUIRES check_model(model).ok() and a range
// of the model's sub-layers.
Result<std::unique_ptr<const Layers>> load_layers(const ModelConfig& model, LayerRange range,
                                                  const WeightSource& weights, at::Device device);

// From now on LibTorch computes this thread's operations on this thread alone: parallel images keep their
// bits, parallel operations would not.
void one_thread_per_operation();

struct Affine {
  at::Tensor weight, bias;  // `bias` is undefined if there is none
};

// Loads tensors one by one and remembers the first fault.
class LayerLoader {
 public:
  // `weights` must outlive the loader. On a device other than the CPU, tensors are copies.
  LayerLoader(const WeightSource& weights, at::Device device) : weights_(weights), device_(device) {}

  // Undefined after a fault.
  at::Tensor tensor(const std::string& name, const std::vector<std::int64_t>& shape);
  // `name`.weight and `name`.bias, of as many values as the weight has rows.
  Affine affine(const std::string& name, const std::vector<std::int64_t>& shape);
  const std::optional<Error>& fault() const { return fault_; }
  // The objects that keep the tensors alive.
  std::vector<std::shared_ptr<const void>> take_owners() { return std::move(owners_); }

 private:
  const WeightSource& weights_;
  at::Device device_;
  std::vector<std::shared_ptr<const void>> owners_;
  std::optional<Error> fault_;
};

// softmax(q kᵀ / √head_dim) v with q, k, v [heads, tokens, head_dim]; result with heads side by side:
// [tokens, D].
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
at::Tensor layer_norm(const at::Tensor& x, const Affine& affine, double epsilon);
// The block of a sub-layer, counted from 0.
inline int block_of_layer(int layer) { return (layer - 1) / 4; }

}  // namespace millrace
