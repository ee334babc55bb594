// fp32, fp16, bf16 and u8: lossless codecs are exact to the bit, the others are compared with an oracle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/codec/bfloat16.hpp"
#include "runtime/codec/half.hpp"
#include "tests/codec/tensors.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;

TEST(Fp32, KeepsEveryBitOfEveryPattern) {
  Random random(8, "fp32");
  auto tensor = any_floats({1, 1, 20'000}, random);
  tensor.values[0] = std::bit_cast<float>(0x7f800001U);  // a signalling NaN with a payload
  tensor.values[1] = std::bit_cast<float>(0xffc12345U);
  tensor.values[2] = -0.0F;
  EXPECT_EQ(bit_patterns(round_trip("fp32", tensor)), bit_patterns(tensor.values));
}

// binary16 by arithmetic on doubles, from the standard's definition: shares no code with half.hpp.
double nearest_half(double x) {
  if (std::isinf(x) || std::isnan(x)) return x;
  const int exponent = std::max(std::ilogb(x == 0 ? 1e-30 : x), -14);
  const double unit = std::ldexp(1.0, exponent - 10);
  const double rounded = std::nearbyint(x / unit) * unit;  // ties to even, the default mode
  return std::clamp(rounded, -65504.0, 65504.0);
}

TEST(Fp16, EveryHalfSurvivesExactly) {
  for (std::uint32_t h = 0; h < 0x10000; ++h) {
    const auto half = static_cast<std::uint16_t>(h);
    const bool signalling = (h & 0x7c00U) == 0x7c00U && (h & 0x3ffU) != 0 && (h & 0x200U) == 0;
    const auto expected = static_cast<std::uint16_t>(signalling ? h | 0x200U : h);  // made quiet
    ASSERT_EQ(half_from_float(float_from_half(half)), expected) << h;
  }
}

TEST(Fp16, HalfsHaveTheValuesOfTheStandard) {
  for (std::uint32_t h = 0; h < 0x7c00; ++h) {
    const auto exponent = static_cast<int>(h >> 10), fraction = static_cast<int>(h & 0x3ffU);
    const double value =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    ASSERT_EQ(float_from_half(static_cast<std::uint16_t>(h)), value);
    ASSERT_EQ(float_from_half(static_cast<std::uint16_t>(h | 0x8000U)), -value);
  }
}

TEST(Fp16, RoundsToNearestEvenAsTheOracleDoes) {
  // Around every half: itself, the tie above it, and the floats beside the tie.
  for (std::uint32_t h = 0; h < 0x7bff; ++h) {
    const float here = float_from_half(static_cast<std::uint16_t>(h));
    const float tie = (here + float_from_half(static_cast<std::uint16_t>(h + 1))) / 2;
    for (const float x : {tie, std::nextafter(tie, kInf), std::nextafter(tie, 0.0F), -tie})
      ASSERT_EQ(float_from_half(half_from_float(x)), nearest_half(x)) << x;
  }
  Random random(9, "fp16");
  for (const float x : any_floats({1, 1, 200'000}, random).values)
    if (!std::isnan(x)) {
      ASSERT_EQ(float_from_half(half_from_float(x)), nearest_half(x)) << x;
    }
}

TEST(Fp16, SaturatesFiniteValuesAndKeepsInfinities) {
  EXPECT_THAT(round_trip("fp16", one_image({65504, 65519.996F, 65520, 1e30F, -kMaxFloat, kInf, -kInf})),
              ElementsAre(65504, 65504, 65504, 65504, -65504, kInf, -kInf));
}

TEST(Fp16, KeepsNanWithSignAndUpperPayload) {
  const auto out =
      round_trip("fp16", one_image({std::bit_cast<float>(0xffc12345U), std::bit_cast<float>(0x7f800001U)}));
  EXPECT_EQ(bit_patterns(out), (std::vector<std::uint32_t>{0xffc12000U, 0x7fc00000U}));
}

// bfloat16 by arithmetic on doubles.
double nearest_bfloat16(double x) {
  if (std::isinf(x) || std::isnan(x)) return x;
  const int exponent = std::max(std::ilogb(x == 0 ? 1e-300 : x), -126);
  const double unit = std::ldexp(1.0, exponent - 7), largest = 0x1.fep127;
  return std::clamp(std::nearbyint(x / unit) * unit, -largest, largest);
}

TEST(Bf16, EveryBfloat16SurvivesExactly) {
  for (std::uint32_t b = 0; b < 0x10000; ++b) {
    const bool signalling = (b & 0x7f80U) == 0x7f80U && (b & 0x7fU) != 0 && (b & 0x40U) == 0;
    const auto expected = static_cast<std::uint16_t>(signalling ? b | 0x40U : b);
    ASSERT_EQ(bfloat16_from_float(float_from_bfloat16(static_cast<std::uint16_t>(b))), expected) << b;
  }
}

TEST(Bf16, RoundsToNearestEvenAsTheOracleDoes) {
  for (std::uint32_t b = 0; b < 0x7f7f; ++b) {
    const double here = float_from_bfloat16(static_cast<std::uint16_t>(b));
    const auto tie = static_cast<float>((here + float_from_bfloat16(static_cast<std::uint16_t>(b + 1))) / 2);
    for (const float x : {tie, std::nextafter(tie, kInf), std::nextafter(tie, 0.0F), -tie})
      ASSERT_EQ(float_from_bfloat16(bfloat16_from_float(x)), nearest_bfloat16(x)) << x;
  }
  Random random(28, "bf16");
  for (const float x : any_floats({1, 1, 200'000}, random).values)
    if (!std::isnan(x)) {
      ASSERT_EQ(float_from_bfloat16(bfloat16_from_float(x)), nearest_bfloat16(x)) << x;
    }
}

TEST(Bf16, SaturatesFiniteValuesAndKeepsInfinitiesAndNan) {
  EXPECT_THAT(round_trip("bf16", one_image({kMaxFloat, -kMaxFloat, kInf, -kInf, 1.0F})),
              ElementsAre(0x1.fep127F, -0x1.fep127F, kInf, -kInf, 1));
  EXPECT_TRUE(std::isnan(round_trip("bf16", one_image({kNan}))[0]));
}

TEST(U8, EveryPixelIsLossless) {
  std::vector<float> pixels(256);
  for (std::size_t i = 0; i < 256; ++i) pixels[i] = static_cast<float>(i);
  EXPECT_EQ(round_trip("u8", one_image(pixels)), pixels);
}

TEST(U8, OtherValuesAreRoundedAndClamped) {
  EXPECT_THAT(round_trip("u8", one_image({-0.4F, 0.49999997F, 0.5F, 1.4999999F, 254.5F, 255.4F, 300, -7})),
              ElementsAre(0, 0, 1, 1, 255, 255, 255, 0));
  EXPECT_THAT(round_trip("u8", one_image({kInf, -kInf, kNan, -kNan, kMaxFloat})),
              ElementsAre(255, 0, 0, 0, 255));
}

TEST(U24, EveryWholeNumberIsLossless) {
  std::vector<float> numbers;
  for (std::uint32_t n = 0; n < 1U << 24; n = n < 70'000 ? n + 1 : n + 997)
    numbers.push_back(static_cast<float>(n));
  numbers.push_back(16'777'215);
  EXPECT_EQ(round_trip("u24", one_image(numbers)), numbers);
}

TEST(U24, OtherValuesAreRoundedAndClamped) {
  EXPECT_THAT(round_trip("u24", one_image({-0.4F, 0.49999997F, 0.5F, 254.5F, 1e8F, -7})),
              ElementsAre(0, 0, 1, 255, 16'777'215, 0));
  EXPECT_THAT(round_trip("u24", one_image({kInf, -kInf, kNan, kMaxFloat})),
              ElementsAre(16'777'215, 0, 0, 16'777'215));
}

// Whatever the policy chooses: inputs, lengths and logits arrive unchanged, activations as the policy says.
TEST(CodecFor, OnlyActivationsAreThePolicysBusiness) {
  const auto chosen = make_codec("uniform").value();
  const auto name = [&](TensorRole role) { return codec_for(role, *chosen).name(); };
  EXPECT_EQ(name(TensorRole::image), "u8");
  EXPECT_EQ(name(TensorRole::features), "fp16");
  EXPECT_EQ(name(TensorRole::tokens), "u24");
  EXPECT_EQ(name(TensorRole::lengths), "u24");
  EXPECT_EQ(name(TensorRole::logits), "fp32");
  for (const auto role : {TensorRole::attention_context, TensorRole::residual, TensorRole::gelu})
    EXPECT_EQ(&codec_for(role, *chosen), chosen.get());
}

TEST(FixedFormats, IgnoreTheBudget) {
  for (const auto& [name, width] : {std::pair{"fp32", 32.0},
                                    {"fp16", 16.0},
                                    {"bf16", 16.0},
                                    {"fp6", 6.0},
                                    {"fp4", 4.0},
                                    {"fp4-clip", 4.0},
                                    {"u8", 8.0},
                                    {"u24", 24.0}})
    for (const double budget : {1.0, 8.0, 64.0})
      EXPECT_EQ(make_codec(name).value()->bit_width({budget}), width);
}

}  // namespace
}  // namespace millrace
