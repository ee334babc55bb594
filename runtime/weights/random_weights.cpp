#include <cmath>

#include "runtime/base/random.hpp"
#include "runtime/weights/weights.hpp"

namespace millrace {

namespace {

constexpr double kBiasDeviation = 0.02;
constexpr double kTokenDeviation = 0.2;
constexpr double kNormDeviation = 0.1;

struct Distribution {
  double mean = 0, deviation = 0;
};

Distribution distribution_of(const std::string& name, const std::vector<std::int64_t>& shape) {
  if (name == "cls_token" || name == "pos_embed") return {0, kTokenDeviation};
  if (name.ends_with(".bias")) return {0, kBiasDeviation};
  if (shape.size() < 2) return {1, kNormDeviation};
  std::int64_t fan_in = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= shape[i];
  return {0, 1 / std::sqrt(static_cast<double>(fan_in))};
}

class RandomWeights final : public WeightSource {
 public:
  explicit RandomWeights(std::uint64_t seed) : seed_(seed) {}

  Result<WeightTensor> tensor(const std::string& name,
                              const std::vector<std::int64_t>& shape) const override {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    auto values = std::make_shared<std::vector<float>>(static_cast<std::size_t>(count));
    // Four 16-bit lanes of one draw: mean 2·65535, variance 4·(65536² - 1)/12.
    constexpr std::int32_t kMeanOfSum = 2 * 65535;
    const double deviation_of_sum = std::sqrt(4.0 * (65536.0 * 65536.0 - 1) / 12);
    const Distribution distribution = distribution_of(name, shape);
    const auto scale = static_cast<float>(distribution.deviation / deviation_of_sum);
    const auto mean = static_cast<float>(distribution.mean);
    Random random(seed_, "weights/" + name);
    for (float& value : *values) {
      const std::uint64_t draw = random.next();
      const auto sum = static_cast<std::int32_t>((draw & 0xffff) + (draw >> 16 & 0xffff) +
                                                 (draw >> 32 & 0xffff) + (draw >> 48));
      const float spread = static_cast<float>(sum - kMeanOfSum) * scale;
      value = mean + spread;
    }
    const std::span<const float> view = *values;
    return WeightTensor{view, std::move(values)};
  }

 private:
  std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<WeightSource> random_weights(std::uint64_t seed) {
  return std::make_unique<RandomWeights>(seed);
}

Result<std::unique_ptr<WeightSource>> make_weights(const std::string& weights, const ModelConfig& model,
                                                   std::uint64_t seed) {
  if (weights == "random") return random_weights(seed);
  return open_weights(weights, model);
}

}  // namespace millrace
