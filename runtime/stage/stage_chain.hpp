// A whole model as stages on this machine, one between each two cuts, so that the tensors at any of the cuts
// can be taken out, changed and put back.
#pragma once

#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/stage/stage.hpp"

namespace millrace {

class StageChain {
 public:
  // REQUIRES cuts ascending, each 1 .. sub_layers - 1. Errors and threads as Stage::create().
  static Result<StageChain> create(const ModelConfig& model, const std::vector<int>& cuts,
                                   const WeightSource& weights, int threads = 1);

  // From the tensors at one cut to those at another. REQUIRES from < to, each of them 0, one of the cuts, or
  // the model's end; and what Stage::forward() requires.
  Result<CutTensors> forward(const CutTensors& input, int from, int to) const;

 private:
  std::vector<Stage> stages_;
};

}  // namespace millrace
