#include "runtime/dataset/synthetic_features.hpp"

#include <fmt/core.h>

#include "runtime/base/random.hpp"
#include "runtime/codec/half.hpp"

namespace millrace {

namespace {

// Only + - * / are used below: the same values on every machine.

constexpr double kSpread = 12;   // of the first coefficient, as in MFCCs of speech
constexpr double kMemory = 0.8;  // share of a frame that the next one keeps

// A bell-shaped random value between -1 and 1.
double bell(Random& random) {
  double sum = 0;
  for (int i = 0; i < 4; ++i) sum += random.uniform();
  return sum / 2 - 1;
}

class SyntheticFeatures final : public Dataset {
 public:
  SyntheticFeatures(const ModelConfig& model, std::uint64_t seed) : model_(model), seed_(seed) {}

  Result<void> read(std::uint64_t image, std::span<float> out) const override {
    MR_CHECK(out.size() == static_cast<std::size_t>(model_.input_values()));
    Random random(seed_, fmt::format("image/{}", image));
    const auto width = static_cast<std::size_t>(model_.coefficients);
    std::vector<double> now(width);
    for (double& value : now) value = bell(random);
    for (std::size_t i = 0; i < out.size(); ++i) {
      double& value = now[i % width];
      value = kMemory * value + (1 - kMemory) * 2 * bell(random);
      const double height = kSpread / (1 + static_cast<double>(i % width) / 4);
      out[i] = float_from_half(half_from_float(static_cast<float>(height * value)));
    }
    return {};
  }

 private:
  ModelConfig model_;
  std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<Dataset> synthetic_features(const ModelConfig& model, std::uint64_t seed) {
  MR_CHECK(model.family == ModelFamily::kwt);
  return std::make_unique<SyntheticFeatures>(model, seed);
}

}  // namespace millrace
