// The executor of `simulate`: no tensors, no LibTorch. Every payload has the predicted_size() of the real
// one: its exact size, except for codec klt.
#pragma once

#include <memory>

#include "runtime/codec/codec.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/node/work.hpp"

namespace millrace {

class SizeExecutor final : public Executor {
 public:
  // For a stage that ends at cut `cut` of the model; cut 0 is the source. `codec` encodes activations;
  // codec_for() chooses the codecs of inputs, lengths and logits.
  SizeExecutor(const ModelConfig& model, int cut, std::unique_ptr<Codec> codec);
  ~SizeExecutor() override;
  // An error (invalid_input) if the work's images make a tensor beyond the limits of an encoding.
  Result<Outcome> run(const Work& work) override;

 private:
  Result<Outcome> encoded(std::int64_t images, Budget budget) const;

  std::vector<TensorSpec> tensors_;
  std::unique_ptr<Codec> codec_;
};

}  // namespace millrace
