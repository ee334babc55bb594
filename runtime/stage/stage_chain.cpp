#include "runtime/stage/stage_chain.hpp"

#include "runtime/base/check.hpp"

namespace millrace {

Result<StageChain> StageChain::create(const ModelConfig& model, const std::vector<int>& cuts,
                                      const WeightSource& weights, int threads) {
  StageChain chain;
  int first = 1;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const int last = i < cuts.size() ? cuts[i] : model.sub_layers();
    auto stage = Stage::create(model, {first, last}, weights, threads);
    if (!stage) return stage.error();
    chain.stages_.push_back(std::move(*stage));
    first = last + 1;
  }
  return chain;
}

Result<CutTensors> StageChain::forward(const CutTensors& input, int from, int to) const {
  CutTensors now;
  const CutTensors* next = &input;
  int at = from;
  for (const Stage& stage : stages_) {
    const LayerRange layers = stage.layers();
    if (layers.first != at + 1 || at >= to) continue;
    auto output = stage.forward(*next);
    if (!output) return output.error();
    now = std::move(*output);
    next = &now;
    at = layers.last;
  }
  MR_CHECK(from < to && at == to, "the chain has a stage that begins and one that ends there");
  return now;
}

}  // namespace millrace
