// The oracle: a vision transformer in plain loops and double precision, written from the papers (Dosovitskiy
// et al. 2020; pre-norm, exact GELU). Shares only the weights and the cut's shapes with the stages.
#pragma once

#include <vector>

#include "runtime/model/model_config.hpp"
#include "runtime/weights/weights.hpp"

namespace millrace {

// The tensors at every cut 0..sub_layers() of one image: [cut][tensor][value]. pixels: channels first,
// 0..255.
std::vector<std::vector<std::vector<double>>> reference_cuts(const ModelConfig& model,
                                                             const WeightSource& weights,
                                                             const std::vector<float>& pixels);

}  // namespace millrace
