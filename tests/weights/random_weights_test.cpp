#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/sha256.hpp"
#include "runtime/weights/weights.hpp"

namespace millrace {
namespace {

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
};

Moments moments(const std::string& name, const std::vector<std::int64_t>& shape) {
  const WeightTensor tensor = *random_weights(1)->tensor(name, shape);
  const auto n = static_cast<double>(tensor.values.size());
  Moments m;
  for (const float v : tensor.values) m.mean += double{v} / n;
  for (const float v : tensor.values) m.deviation += std::pow(double{v} - m.mean, 2) / n;
  m.deviation = std::sqrt(m.deviation);
  for (const float v : tensor.values) m.largest = std::max(m.largest, std::abs(double{v} - m.mean));
  return m;
}

TEST(RandomWeights, DependOnSeedAndNameOnly) {
  const auto values = [](std::uint64_t seed, const char* name) {
    const WeightTensor tensor = *random_weights(seed)->tensor(name, {4, 100});
    return std::vector<float>(tensor.values.begin(), tensor.values.end());
  };
  EXPECT_EQ(values(1, "a.weight"), values(1, "a.weight"));
  EXPECT_NE(values(1, "a.weight"), values(2, "a.weight"));
  EXPECT_NE(values(1, "a.weight"), values(1, "b.weight"));
}

// Standard errors for 40,000 values: 0.5 % of the deviation for the mean, 0.35 % for the deviation.
TEST(RandomWeights, HaveTheDeviationOfTheirKind) {
  const Moments matrix = moments("blocks.0.mlp.fc1.weight", {400, 100});
  EXPECT_NEAR(matrix.mean, 0, 0.002);
  EXPECT_NEAR(matrix.deviation, 0.1, 0.0015);
  EXPECT_LE(matrix.largest, 0.1 * 3.47);
  const Moments norm = moments("norm.weight", {40'000});
  EXPECT_NEAR(norm.mean, 1, 0.002);
  EXPECT_NEAR(norm.deviation, 0.1, 0.0015);
  EXPECT_NEAR(moments("norm.bias", {40'000}).deviation, 0.02, 0.0003);
  EXPECT_NEAR(moments("pos_embed", {1, 200, 200}).deviation, 0.2, 0.003);
}

// Pinned: runs of other machines and versions must see the same weights.
TEST(RandomWeights, BitsAreTheSameEverywhere) {
  const WeightTensor tensor = *random_weights(1)->tensor("blocks.0.attn.qkv.weight", {30, 20});
  EXPECT_EQ(sha256_hex(std::as_bytes(tensor.values)),
            "e9a90e700cc0688eabec5f7a6c9df6ac64a97f4227e07658527051e130b2df45");
}

}  // namespace
}  // namespace millrace
