#include "runtime/codec/range_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/codec/bit_packing.hpp"
#include "tests/codec/tensors.hpp"

namespace millrace {
namespace {

using testing::Each;
using testing::ElementsAre;

// The bound of the header file, for one image of finite values.
void expect_within_half_a_step(const std::vector<float>& image, const std::vector<float>& back, int bits) {
  const auto [lo, hi] = std::ranges::minmax(image);
  const double step = (double{hi} - double{lo}) / ((1 << bits) - 1);
  const float largest = std::max(std::abs(lo), std::abs(hi));
  const double ulp = largest < kMaxFloat ? double{std::nextafter(largest, kInf)} - double{largest} : 0x1p104;
  const double bound = step / 2 * (1 + (bits == 16 ? 0x1p-4 : 0x1p-12)) + ulp;
  for (std::size_t i = 0; i < image.size(); ++i)
    ASSERT_LE(std::abs(double{image[i]} - double{back[i]}), bound) << image[i] << " at " << bits << " bits";
}

class EveryBits : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Bits, EveryBits, testing::Values(2, 3, 4, 5, 6, 7, 8, 16));

TEST_P(EveryBits, ErrorIsAtMostHalfAStep) {
  Random random(10, "uniform error");
  for (int round = 0; round < 100; ++round) {
    auto tensor = activation({1, 7, 61}, random);
    const auto magnitude = static_cast<float>(std::exp(20 * random.normal())),
               offset = static_cast<float>(random.normal());
    for (float& x : tensor.values) x = (x + 100 * offset) * magnitude;
    expect_within_half_a_step(tensor.values, round_trip("uniform", tensor, GetParam()), GetParam());
  }
}

TEST_P(EveryBits, ErrorBoundHoldsForExtremeRanges) {
  Random random(11, "uniform extremes");
  for (const float magnitude :
       {kMaxFloat, kMaxFloat / 2, 0x1p-80F, 0x1p-95F, 0x1p-120F, 0x1p-126F, 0x1p-140F, 0x1p-148F}) {
    Tensor tensor{{1, 1, 500}, std::vector<float>(500)};
    for (float& x : tensor.values) x = static_cast<float>((2 * random.uniform() - 1) * double{magnitude});
    tensor.values[0] = -magnitude;
    tensor.values[1] = magnitude;
    expect_within_half_a_step(tensor.values, round_trip("uniform", tensor, GetParam()), GetParam());
  }
}

TEST_P(EveryBits, BothEndsAreExact) {
  Random random(12, "uniform ends");
  for (int round = 0; round < 100; ++round) {
    const auto tensor = activation({1, 1, 200}, random);
    const auto back = round_trip("uniform", tensor, GetParam());
    EXPECT_EQ(std::ranges::min(back), std::ranges::min(tensor.values));
    EXPECT_EQ(std::ranges::max(back), std::ranges::max(tensor.values));
  }
}

TEST_P(EveryBits, ConstantImagesAreExact) {
  for (const float c : {0.0F, 1.0F, -3.3333333F, 1e-45F, 1e38F, kMaxFloat, -kMaxFloat})
    EXPECT_THAT(round_trip("uniform", one_image(std::vector<float>(19, c)), GetParam()), Each(c));
}

TEST_P(EveryBits, BytesAreTightPerImageAndNothingElse) {
  const Tensor tensor{{3, 5, 7}, std::vector<float>(105, 1)};
  const auto codes = static_cast<std::size_t>((35 * GetParam() + 7) / 8);
  EXPECT_EQ(encoded("uniform", tensor, GetParam()).size(), 24 + 3 * (8 + codes));
}

TEST_P(EveryBits, OneImageDoesNotWidenAnothersRange) {
  Random random(13, "uniform images");
  auto tensor = activation({2, 3, 40}, random);
  const std::vector<float> first(tensor.values.begin(), tensor.values.begin() + 120);
  tensor.values[200] = 1e6F;
  auto back = round_trip("uniform", tensor, GetParam());
  back.resize(120);
  expect_within_half_a_step(first, back, GetParam());
}

TEST_P(EveryBits, ImagesLongerThanABlockAreSeamless) {
  Random random(14, "uniform blocks");
  const auto tensor = activation({1, 1, 3 * 4096 + 5}, random);
  expect_within_half_a_step(tensor.values, round_trip("uniform", tensor, GetParam()), GetParam());
}

TEST(Uniform, InfinitiesBecomeTheFiniteEnds) {
  EXPECT_THAT(round_trip("uniform", one_image({-1, kInf, 2, -kInf, 0.5F}), 2),
              ElementsAre(-1, 2, 2, -1, testing::AnyOf(0, 1)));
}

TEST(Uniform, InfinitiesDoNotWidenTheRangeWhereverTheyStand) {
  for (std::size_t at = 0; at < 40; ++at) {
    std::vector<float> values(40, 1);
    values[(at + 1) % 40] = 3;
    values[at] = kInf;
    auto expected = values;
    expected[at] = 3;
    EXPECT_EQ(round_trip("uniform", one_image(values), 4), expected);
  }
}

TEST(Uniform, NanBecomesTheLevelNearestToZero) {
  // Levels at 2 bits: -3 0 3 6, 1 2 3 4, -4 -3 -2 -1.
  EXPECT_THAT(round_trip("uniform", one_image({-3, 6, kNan}), 2), ElementsAre(-3, 6, 0));
  EXPECT_THAT(round_trip("uniform", one_image({1, 4, kNan}), 2), ElementsAre(1, 4, 1));
  EXPECT_THAT(round_trip("uniform", one_image({-4, -1, kNan}), 2), ElementsAre(-4, -1, -1));
}

TEST(Uniform, AConstantWithInfinitiesAndNanIsThatConstant) {
  EXPECT_THAT(round_trip("uniform", one_image({7, kInf, kNan, -kInf}), 3), Each(7));
}

TEST(Uniform, NothingFiniteBecomesZeros) {
  EXPECT_THAT(round_trip("uniform", one_image({kInf, kNan, -kInf}), 5), Each(0));
  EXPECT_THAT(round_trip("uniform", one_image(std::vector<float>(50, kNan)), 5), Each(0));
}

TEST(Uniform, TakesTheWidestWidthThatFitsTheBudget) {
  const auto codec = make_codec("uniform").value();
  for (const auto& [budget, width] : {std::pair{-5.0, 2.0},
                                      {0.0, 2.0},
                                      {1.9, 2.0},
                                      {2.0, 2.0},
                                      {2.999, 2.0},
                                      {3.0, 3.0},
                                      {5.5, 5.0},
                                      {8.0, 8.0},
                                      {8.5, 8.0},
                                      {15.9, 8.0},
                                      {16.0, 16.0},
                                      {32.0, 16.0},
                                      {1e300, 16.0}})
    EXPECT_EQ(codec->bit_width({budget}), width) << budget;
}

TEST(Uniform, MoreBitsNeverCostAccuracy) {
  Random random(15, "uniform rate");
  const auto tensor = activation({1, 50, 50}, random);
  double previous = kInf;
  for (int bits = 2; bits <= 8; ++bits) {
    const auto back = round_trip("uniform", tensor, bits);
    double error = 0;
    for (std::size_t i = 0; i < back.size(); ++i)
      error += std::pow(double{back[i]} - double{tensor.values[i]}, 2);
    EXPECT_LT(error, previous) << bits;
    previous = error;
  }
}

}  // namespace
}  // namespace millrace
