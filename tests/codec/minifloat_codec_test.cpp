#include "runtime/codec/minifloat_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/codec/aciq.hpp"
#include "tests/codec/tensors.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;

std::vector<float> magnitudes(const MinifloatFormat& format) {
  std::vector<float> all;
  for (unsigned c = 0; c < format.magnitudes(); ++c) all.push_back(format.magnitude(c));
  return all;
}

TEST(Minifloat, MagnitudesAreThoseOfTheHeader) {
  EXPECT_THAT(magnitudes(kFp4), ElementsAre(0, 0.25F, 0.5F, 1, 2, 4, 8, 16));
  const auto fp6 = magnitudes(kFp6);
  ASSERT_EQ(fp6.size(), 32u);
  EXPECT_EQ(fp6[1], 0x1p-7F);
  EXPECT_EQ(fp6[2], 0x1p-6F);
  EXPECT_EQ(fp6[3], 0x1.8p-6F);
  EXPECT_EQ(fp6[30], 256);
  EXPECT_EQ(fp6[31], 384);
}

// The nearest of all magnitudes (of two equally near ones, that with the even code), found by trying each.
unsigned nearest_by_trying(const MinifloatFormat& format, float x) {
  unsigned best = 0;
  for (unsigned c = 1; c < format.magnitudes(); ++c) {
    const double here = std::abs(double{format.magnitude(c)} - double{x});
    const double there = std::abs(double{format.magnitude(best)} - double{x});
    if (here < there || (here == there && c % 2 == 0)) best = c;
  }
  return best;
}

TEST(Minifloat, RoundsToTheNearestAndTiesToEven) {
  Random random(29, "minifloat");
  for (const auto& format : {kFp6, kFp4}) {
    const auto all = magnitudes(format);
    for (unsigned c = 0; c < format.magnitudes(); ++c) {
      EXPECT_EQ(format.nearest(all[c]), c);
      if (c + 1 == format.magnitudes()) break;
      const float tie = (all[c] + all[c + 1]) / 2;
      for (const float x : {tie, std::nextafter(tie, 0.0F), std::nextafter(tie, kInf)})
        EXPECT_EQ(format.nearest(x), nearest_by_trying(format, x)) << x;
    }
    for (int i = 0; i < 20'000; ++i) {
      const auto x = std::min(static_cast<float>(std::exp(4 * random.normal())), format.largest());
      ASSERT_EQ(format.nearest(x), nearest_by_trying(format, x)) << x;
    }
  }
}

class EveryMinifloat : public testing::TestWithParam<std::pair<const char*, MinifloatFormat>> {};
INSTANTIATE_TEST_SUITE_P(Formats, EveryMinifloat,
                         testing::Values(std::pair{"fp6", kFp6}, std::pair{"fp4", kFp4},
                                         std::pair{"fp4-clip", kFp4}));

TEST_P(EveryMinifloat, ErrorIsWithinTheBound) {
  const auto& [name, format] = GetParam();
  Random random(30, "minifloat error");
  for (int round = 0; round < 100; ++round) {
    auto tensor = activation({1, 7, 61}, random);
    const auto factor = static_cast<float>(std::exp(15 * random.normal()));
    for (float& x : tensor.values) x *= factor;
    const auto back = round_trip(name, tensor);
    const double scale = std::abs(*std::ranges::max_element(back, {}, [](float x) { return std::abs(x); }));
    const double smallest_normal = scale * std::ldexp(1.0, 1 - format.bias()) / format.largest();
    for (std::size_t i = 0; i < back.size(); ++i) {
      const double x = std::clamp(double{tensor.values[i]}, -scale, scale);
      const double bound = std::ldexp(std::max(std::abs(x), smallest_normal), -format.mantissa_bits - 1) +
                           0x1p-22 * std::abs(x) + 0x1p-149;
      ASSERT_LE(std::abs(x - double{back[i]}), bound) << x << " of " << scale;
    }
  }
}

TEST(Fp6, TheLargestMagnitudeIsExactAndSignsStay) {
  for (const float x : {1.0F, -3.3333333F, 1e-45F, -kMaxFloat})
    EXPECT_THAT(round_trip("fp6", one_image({x, -x, 0})), ElementsAre(x, -x, 0));
}

TEST(Fp4, ClipsOnlyWhereItsNameSaysSo) {
  Random random(31, "fp4 clip");
  auto tensor = activation({1, 50, 50}, random);
  tensor.values[7] = 1000;
  double magnitude = 0;
  for (const float x : tensor.values) magnitude += std::abs(double{x}) / 2500;
  const double alpha = laplace_clip_factor(4) * magnitude;
  EXPECT_EQ(std::ranges::max(round_trip("fp4", tensor)), 1000);
  EXPECT_NEAR(std::ranges::max(round_trip("fp4-clip", tensor)), alpha, 1e-6 * alpha);
}

TEST(Minifloat, WhatIsNotFinite) {
  for (const char* name : {"fp6", "fp4"}) {
    EXPECT_THAT(round_trip(name, one_image({2, kInf, -kInf, kNan})), ElementsAre(2, 2, -2, 0)) << name;
    EXPECT_THAT(round_trip(name, one_image({kInf, kNan, -kInf})), testing::Each(0)) << name;
  }
}

TEST(Minifloat, BytesAreTight) {
  const Tensor tensor{{2, 3, 7}, std::vector<float>(42, 1)};
  EXPECT_EQ(encoded("fp6", tensor).size(), 24 + 2 * (4 + 16u));  // 126 bits
  EXPECT_EQ(encoded("fp4", tensor).size(), 24 + 2 * (4 + 11u));  // 84 bits
}

}  // namespace
}  // namespace millrace
