// The executor of `simulate`: no tensors, no LibTorch; every payload has exactly the size the real one would
// have.
#pragma once

#include <memory>

#include "runtime/codec/codec.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/node/work.hpp"

namespace millrace {

class SizeExecutor final : public Executor {
 public:
  // A stage that ends at cut `cut` of the model; cut 0 is the source. `codec` encodes activations; inputs,
  // lengths and logits are encoded as codec_for() says.
  SizeExecutor(const ModelConfig& model, int cut, std::unique_ptr<Codec> codec);
  ~SizeExecutor() override;
  // An error (invalid_input): so many images make a tensor beyond the limits of an encoding.
  Result<Outcome> run(const Work& work) override;

 private:
  Result<Outcome> encoded(std::int64_t images, Budget budget) const;

  std::vector<TensorSpec> tensors_;
  std::unique_ptr<Codec> codec_;
};

}  // namespace millrace
