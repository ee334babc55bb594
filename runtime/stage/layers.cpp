#include "runtime/stage/layers.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/_softmax.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/layer_norm.h>

#include <cmath>

#include "runtime/stage/bert_layers.hpp"
#include "runtime/stage/kwt_layers.hpp"
#include "runtime/stage/vit_layers.hpp"

namespace millrace {

Result<std::unique_ptr<const Layers>> load_layers(const ModelConfig& model, LayerRange range,
                                                  const WeightSource& weights, at::Device device) {
  switch (model.family) {
    case ModelFamily::vit:
      return VitLayers::load(model, range, weights, device);
    case ModelFamily::kwt:
      return KwtLayers::load(model, range, weights, device);
    case ModelFamily::bert:
      return BertLayers::load(model, range, weights, device);
  }
  return Error{"unknown family of models"};
}

void one_thread_per_operation() {
  if (at::get_num_threads() != 1) at::set_num_threads(1);  // the setting is per thread
}

at::Tensor LayerLoader::tensor(const std::string& name, const std::vector<std::int64_t>& shape) {
  if (fault_) return {};
  auto found = weights_.tensor(name, shape);
  if (!found) {
    fault_ = found.error();
    return {};
  }
  // from_blob wants a writable pointer; nothing here writes to weights, which may be mapped read-only.
  at::Tensor mapped = at::from_blob(const_cast<float*>(found->values.data()), shape, at::kFloat);
  if (!device_.is_cpu()) return mapped.to(device_);
  owners_.push_back(found->owner);
  return mapped;
}

Affine LayerLoader::affine(const std::string& name, const std::vector<std::int64_t>& shape) {
  at::Tensor weight = tensor(name + ".weight", shape);
  return {std::move(weight), tensor(name + ".bias", {shape[0]})};
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(2)));
  at::Tensor scores = at::bmm(q.mul(scale), k.transpose(1, 2));
  at::_softmax_out(scores, scores, -1, false);
  return at::bmm(scores, v).transpose(0, 1).reshape({q.size(1), q.size(0) * q.size(2)});
}

at::Tensor layer_norm(const at::Tensor& x, const Affine& affine, double epsilon) {
  return at::layer_norm(x, {x.size(1)}, affine.weight, affine.bias, epsilon);
}

}  // namespace millrace
