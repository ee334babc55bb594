#include "runtime/codec/encoding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/codec/activation_codecs.hpp"
#include "runtime/scenario/codec_keys.hpp"
#include "tests/codec/tensors.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

Buffer bytes(std::initializer_list<int> numbers) {
  Buffer out;
  for (const int n : numbers) out.push_back(static_cast<std::byte>(n));
  return out;
}

// The formats, byte for byte: a change here is a new version of the encoding.
TEST(Encoding, HeaderIsTheTableInItsFile) {
  Buffer out;
  append_header({.codec = CodecId::uniform,
                 .bits = 3,
                 .role = TensorRole::gelu,
                 .scope = ScaleScope::image,
                 .shape = {.images = 8, .rows = 0x1234, .width = 0x102},
                 .payload_bytes = 0x0a0b0c},
                out);
  EXPECT_EQ(out, bytes({'M',  'T',  1, 4, 3, 3, 1, 0, 8,    0,    0,    0,
                        0x34, 0x12, 0, 0, 2, 1, 0, 0, 0x0c, 0x0b, 0x0a, 0}));
}

TEST(Encoding, Fp32PayloadIsPinned) {
  EXPECT_EQ(encoded("fp32", one_image({1.0F, -2.0F})),
            bytes({'M', 'T', 1,    1,    32, 2, 0, 0,   1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0,  //
                   0,   0,   0x80, 0x3f, 0,  0, 0, 0xc0}));
}

TEST(Encoding, Fp16PayloadIsPinned) {
  EXPECT_EQ(encoded("fp16", one_image({1.0F, -2.0F})),
            bytes({'M', 'T',  1, 2,   16, 2, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0,  //
                   0,   0x3c, 0, 0xc0}));
}

TEST(Encoding, U8PayloadIsPinned) {
  EXPECT_EQ(encoded("u8", one_image({0.0F, 7.0F, 255.0F})),
            bytes({'M', 'T', 1, 3, 8, 2, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 0, 7, 255}));
}

TEST(Encoding, U24PayloadIsPinned) {
  EXPECT_EQ(encoded("u24", one_image({0.0F, 30522.0F, 16777215.0F})),
            bytes({'M', 'T', 1, 20, 24, 2, 0, 0, 1, 0, 0,    0,    1, 0,   0,   0,  3,
                   0,   0,   0, 9,  0,  0, 0, 0, 0, 0, 0x3a, 0x77, 0, 255, 255, 255}));
}

TEST(Encoding, UniformPayloadIsPinned) {
  // lo -1, hi 2.5 and L = 7: steps of 0.5, codes 0 1 2 7 in 12 bits.
  EXPECT_EQ(encoded("uniform", one_image({-1.0F, -0.5F, 0.0F, 2.5F}), 3),
            bytes({'M',         'T', 1,    4,    3, 2, 1,    0,    1,
                   0,           0,   0,    1,    0, 0, 0,    4,    0,
                   0,           0,   10,   0,    0, 0,  //
                   0,           0,   0x80, 0xbf, 0, 0, 0x20, 0x40, 0b10'001'000,
                   0b0000'111'0}));
}

TEST(Encoding, MinifloatPayloadIsPinned) {
  // scale 16, codes 7, 8 + 3 and 0: 16, -1 and 0.
  EXPECT_EQ(encoded("fp4", one_image({16.0F, -1.0F, 0.0F})),
            bytes({'M', 'T', 1,    10,   4,    2,   1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0,  //
                   0,   0,   0x80, 0x41, 0xb7, 0x00}));
}

TEST(Encoding, SixteenBitsOfARangeAreLittleEndian) {
  EXPECT_EQ(
      encoded("uniform", one_image({0.0F, 65535.0F, 258.0F}), 16),
      bytes({'M', 'T', 1, 4, 16, 2,    1,    0,    1, 0, 0,    0,    1, 0, 0, 0, 3, 0, 0, 0, 14, 0, 0, 0,  //
             0,   0,   0, 0, 0,  0xff, 0x7f, 0x47, 0, 0, 0xff, 0xff, 2, 1}));
}

TEST(Encoding, LimitsHoldWhereTheProductWouldOverflow) {
  const std::int64_t huge = std::int64_t{1} << 62;
  EXPECT_FALSE(within_limits({huge, huge, huge}));
  EXPECT_FALSE(within_limits({huge, 0, 1}));
  EXPECT_FALSE(within_limits({-1, 1, 1}));
  EXPECT_FALSE(within_limits({kMaxDimension, kMaxDimension, kMaxDimension}));
  EXPECT_FALSE(within_limits({1, 1, kMaxDimension + 1}));
  EXPECT_FALSE(within_limits({1 << 10, 1 << 10, (1 << 9) + 1}));
  EXPECT_TRUE(within_limits({1 << 10, 1 << 10, 1 << 9}));
  EXPECT_TRUE(within_limits({kMaxDimension, kMaxDimension, 0}));
}

TEST(Encoding, EncodingsFollowEachOtherInOneBuffer) {
  Random random(3, "concatenated");
  const auto first = activation({2, 3, 5}, random), second = activation({2, 3, 7}, random);
  Buffer both;
  make_codec("fp32").value()->encode(first.view(), {}, both);
  make_codec("fp32").value()->encode(second.view(), {}, both);
  std::vector<float> out(first.values.size());
  const auto length = decode_tensor(both, first.shape, out);
  ASSERT_TRUE(length.ok());
  EXPECT_EQ(out, first.values);
  out.resize(second.values.size());
  ASSERT_TRUE(decode_tensor(std::span(both).subspan(*length), second.shape, out).ok());
  EXPECT_EQ(out, second.values);
}

TEST(Registry, AnUnknownNameIsAnErrorThatListsTheKnown) {
  const auto codec = make_codec("zip");
  ASSERT_FALSE(codec.ok());
  EXPECT_THAT(codec.error().message, HasSubstr("\"zip\""));
  for (const auto& name : codec_names()) EXPECT_THAT(codec.error().message, HasSubstr(name));
}

TEST(Registry, EveryCodecIsCalledWhatTheTableSays) {
  EXPECT_THAT(codec_names(),
              testing::UnorderedElementsAre("fp32", "fp16", "bf16", "fp6", "fp4", "fp4-clip", "klt",
                                            "uniform", "aciq", "aciq-gauss", "ds-aciq", "u8", "u24"));
  for (const auto& name : codec_names()) EXPECT_EQ(make_codec(name).value()->name(), name);
}

// Tests the codecs' behaviour, not their names: a codec that only encodes inputs must not be usable on a
// link.
TEST(Registry, CodecsOfActivationsAreAllThatScenariosMayNameAndNoneThatOnlyHoldsInputs) {
  const auto usable = activation_codec_names();
  std::vector<std::string> named;
  for (const auto& keys : kCodecKeys) named.emplace_back(keys.name);
  EXPECT_THAT(usable, testing::UnorderedElementsAreArray(named));
  Tensor halves{{1, 32, 64}, std::vector<float>(2048)};  // few values would leave klt only its header
  for (std::size_t i = 0; i < halves.values.size(); ++i) halves.values[i] = i * 7 % 5 < 2 ? -0.5F : 0.5F;
  for (const auto& name : codec_names()) {
    std::vector<float> back(halves.values.size());
    ASSERT_TRUE(decode_tensor(encoded(name, halves), halves.shape, back).ok()) << name;
    double error = 0;  // u8 and u24 give 0 or 1, an error of 0.5 each
    for (std::size_t i = 0; i < back.size(); ++i) error += std::abs(back[i] - halves.values[i]);
    const bool holds_fractions = error / static_cast<double>(back.size()) < 0.25;
    EXPECT_EQ(std::ranges::count(usable, name) == 1, holds_fractions) << name << ": " << error;
  }
}

TEST(Registry, NaiveIsUniform) {
  EXPECT_EQ(make_codec("naive").value()->name(), "uniform");
  EXPECT_EQ(encoded("naive", one_image({1, 2, 4})), encoded("uniform", one_image({1, 2, 4})));
}

}  // namespace
}  // namespace millrace
