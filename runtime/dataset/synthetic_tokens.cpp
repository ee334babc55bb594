#include "runtime/dataset/synthetic_tokens.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "runtime/base/random.hpp"

namespace millrace {

namespace {

class SyntheticTokens final : public Dataset {
 public:
  SyntheticTokens(const ModelConfig& model, std::uint64_t seed) : model_(model), seed_(seed) {}

  Result<void> read(std::uint64_t image, std::span<float> out) const override {
    MR_CHECK(out.size() == static_cast<std::size_t>(model_.input_values()));
    Random random(seed_, fmt::format("image/{}", image));
    const auto most = static_cast<std::uint64_t>(model_.sequence);
    const std::uint64_t least = (most + 1) / 2;
    const std::uint64_t tokens = least + random.below(most - least + 1);
    const std::uint64_t first_segment = random.below(2) == 0 ? tokens : random.below(tokens + 1);
    std::ranges::fill(out, 0.0F);  // padding
    // A vocabulary of one word has no id but 0.
    const std::uint64_t words = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(model_.vocabulary) - 1);
    const std::uint64_t first_word = model_.vocabulary > 1 ? 1 : 0;
    for (std::uint64_t i = 0; i < tokens; ++i) out[i] = static_cast<float>(first_word + random.below(words));
    out[most] = static_cast<float>(tokens);
    out[most + 1] = static_cast<float>(first_segment);
    return {};
  }

 private:
  ModelConfig model_;
  std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<Dataset> synthetic_tokens(const ModelConfig& model, std::uint64_t seed) {
  MR_CHECK(model.family == ModelFamily::bert);
  return std::make_unique<SyntheticTokens>(model, seed);
}

}  // namespace millrace
