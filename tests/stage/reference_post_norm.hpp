// The oracle of the post-norm families: KWT and BERT in plain loops and double precision, written from the
// papers (Berg et al. 2021; Devlin et al. 2018; Vaswani et al. 2017). Padding is masked here, as the papers'
// code does it: every padded token is computed, and no token attends to it. Shares only the weights and the
// cut's shapes with the stages.
#pragma once

#include <vector>

#include "runtime/model/model_config.hpp"
#include "runtime/weights/weights.hpp"

namespace millrace {

// The activations at every cut 1..sub_layers() of one image: [cut - 1][tensor][value], without lengths. The
// rows of padding hold meaningless values, as in such an implementation.
using ReferenceCuts = std::vector<std::vector<std::vector<double>>>;

// features: [frames, coefficients].
ReferenceCuts reference_kwt(const ModelConfig& model, const WeightSource& weights,
                            const std::vector<float>& features);

struct ReferenceSequence {
  std::vector<int> ids;   // `sequence` of them
  std::vector<int> mask;  // 1: a token, 0: padding
  std::vector<int> types;
};
ReferenceCuts reference_bert(const ModelConfig& model, const WeightSource& weights,
                             const ReferenceSequence& sequence);

}  // namespace millrace
