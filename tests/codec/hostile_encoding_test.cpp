// Encodings from a broken or malicious peer: refused with a message, without a read past the end and without
// a crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "runtime/codec/encoding.hpp"
#include "runtime/codec/little_endian.hpp"
#include "tests/codec/tensors.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

constexpr TensorShape kShape{2, 3, 7};

// Copies into a heap block of exactly that size, so that the sanitizers see a read past its end.
std::string refusal(const Buffer& encoding, const TensorShape& shape = kShape) {
  const Buffer exact(encoding.begin(), encoding.end());
  std::vector<float> out(static_cast<std::size_t>(shape.values()));
  const auto result = decode_tensor(exact, shape, out);
  return result.ok() ? "accepted" : result.error().message;
}

Buffer valid(std::string_view codec = "uniform", double bits = 3) {
  Random random(16, "hostile");
  return encoded(codec, activation(kShape, random), bits);
}

Buffer with_byte(std::size_t offset, int value, Buffer encoding = valid()) {
  encoding.at(offset) = static_cast<std::byte>(value);
  return encoding;
}

template <class Number>
Buffer with_number(std::size_t offset, Number value, Buffer encoding = valid()) {
  store_le(&encoding.at(offset), value);
  return encoding;
}

TEST(HostileEncoding, EveryTruncationIsRefused) {
  for (const auto& name : codec_names()) {
    const auto whole = valid(name);
    ASSERT_EQ(refusal(whole), "accepted");
    for (std::size_t n = 0; n < whole.size(); ++n)
      ASSERT_NE(refusal({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)}), "accepted")
          << name << " " << n;
  }
}

TEST(HostileEncoding, EveryFieldOfTheHeaderIsChecked) {
  EXPECT_THAT(refusal(with_byte(0, 'X')), HasSubstr("\"MT\""));
  EXPECT_THAT(refusal(with_byte(1, 't')), HasSubstr("\"MT\""));
  EXPECT_THAT(refusal(with_byte(2, 2)), HasSubstr("version 2"));
  EXPECT_THAT(refusal(with_byte(3, 0)), HasSubstr("codec number 0"));
  EXPECT_THAT(refusal(with_byte(3, 200)), HasSubstr("codec number 200"));
  EXPECT_THAT(refusal(with_byte(4, 0)), HasSubstr("2 to 8 or 16 bits, not 0"));
  EXPECT_THAT(refusal(with_byte(4, 255)), HasSubstr("2 to 8 or 16 bits, not 255"));
  EXPECT_THAT(refusal(with_byte(4, 4)), HasSubstr("payload bytes"));
  EXPECT_THAT(refusal(with_byte(5, 8)), HasSubstr("role 8"));
  EXPECT_THAT(refusal(with_byte(6, 4)), HasSubstr("scope 4"));
  EXPECT_THAT(refusal(with_byte(6, 0)), HasSubstr("scope 0"));
  EXPECT_THAT(refusal(with_byte(7, 1)), HasSubstr("reserved"));
  EXPECT_THAT(refusal(with_byte(4, 16, valid("fp32"))), HasSubstr("16 bits per value, this codec has 32"));
  EXPECT_THAT(refusal(with_byte(6, 1, valid("fp32"))), HasSubstr("scope 1, this codec has 0"));
}

TEST(HostileEncoding, AnotherShapeIsRefusedEvenWithEqualValues) {
  EXPECT_THAT(refusal(valid(), {2, 7, 3}), HasSubstr("shape 2 x 3 x 7, expected 2 x 7 x 3"));
  EXPECT_THAT(refusal(valid(), {3, 2, 7}), HasSubstr("expected 3 x 2 x 7"));
  EXPECT_THAT(refusal(valid(), {0, 3, 7}), HasSubstr("expected 0 x 3 x 7"));
}

TEST(HostileEncoding, ShapesBeyondTheLimitsAreRefused) {
  EXPECT_THAT(refusal(with_number(8, 0xffffffffU)), HasSubstr("beyond the limits"));
  EXPECT_THAT(refusal(with_number(12, 0x80000000U)), HasSubstr("beyond the limits"));
  std::vector<float> out;
  const std::int64_t huge = std::int64_t{1} << 33;
  const auto result = decode_tensor(valid(), {huge, huge, huge}, out);
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, HasSubstr("beyond the limits"));
}

TEST(HostileEncoding, PayloadLengthsThatAreNotTheShapesAreRefused) {
  const auto length = static_cast<std::uint32_t>(valid().size() - kHeaderBytes);
  EXPECT_THAT(refusal(with_number(20, length - 1)), HasSubstr("payload bytes"));
  EXPECT_THAT(refusal(with_number(20, length + 1)), HasSubstr("are left"));
  EXPECT_THAT(refusal(with_number(20, 0xffffffffU)), HasSubstr("are left"));
  auto longer = with_number(20, length + 1);
  longer.push_back(std::byte{0});
  EXPECT_THAT(refusal(longer), HasSubstr("payload bytes, shape"));
}

TEST(HostileEncoding, RangesThatAreNotRangesAreRefused) {
  for (const float bad : {kNan, kInf, -kInf}) {
    EXPECT_THAT(refusal(with_number(24, bad)), HasSubstr("range")) << bad;
    EXPECT_THAT(refusal(with_number(28, bad)), HasSubstr("range")) << bad;
  }
  EXPECT_THAT(refusal(with_number(24, 1e30F)), HasSubstr("range"));  // lo > hi
}

TEST(HostileEncoding, ScalesThatAreNotScalesAreRefused) {
  for (const float bad : {kNan, kInf, -kInf, -1.0F, -0.0F})
    EXPECT_THAT(refusal(with_number(24, bad, valid("fp6"))), HasSubstr("scale")) << bad;
  EXPECT_THAT(refusal(with_byte(6, 0, valid("fp4"))), HasSubstr("scope 0"));
  EXPECT_THAT(refusal(with_byte(4, 4, valid("fp6"))), HasSubstr("4 bits per value, this codec has 6"));
}

TEST(HostileEncoding, AScopeThatIsNotTheWritersIsRefusedByItsLength) {
  EXPECT_THAT(refusal(with_byte(6, 2)), HasSubstr("payload bytes"));
  EXPECT_THAT(refusal(with_byte(6, 3)), HasSubstr("payload bytes"));
}

TEST(HostileEncoding, PaddingThatIsNotZeroIsRefused) {
  // 21 codes of 3 bits are 63 bits: the last bit of the image's eighth byte is padding.
  auto encoding = valid();
  encoding.back() |= std::byte{0x80};
  EXPECT_THAT(refusal(encoding), HasSubstr("padding"));
}

// Seeded mutations: flips, overwrites, cuts and extensions. Every accepted encoding has the expected length.
TEST(HostileEncoding, MutationsNeverCrashAndNeverChangeAnAcceptedLength) {
  constexpr std::uint64_t kSeed = 17;
  Random random(kSeed, "mutations");
  int accepted = 0, refused = 0;
  for (int round = 0; round < 40'000; ++round) {
    const auto names = codec_names();
    const auto& name = names[random.below(names.size())];
    auto encoding = valid(name, static_cast<double>(2 + random.below(7)));
    const std::size_t whole = encoding.size();
    for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
      const std::size_t at = random.below(random.below(2) == 0 ? kHeaderBytes : encoding.size());
      if (at >= encoding.size()) continue;
      switch (random.below(4)) {
        case 0:
          encoding[at] ^= std::byte{1} << random.below(8);
          break;
        case 1:
          encoding[at] = static_cast<std::byte>(random.below(256));
          break;
        case 2:
          encoding.resize(at + 1);
          break;
        case 3:
          encoding.resize(encoding.size() + random.below(9), std::byte{0x5a});
          break;
      }
    }
    const Buffer exact(encoding.begin(), encoding.end());
    std::vector<float> out(static_cast<std::size_t>(kShape.values()));
    const auto result = decode_tensor(exact, kShape, out);
    if (!result.ok()) {
      EXPECT_THAT(result.error().message, HasSubstr("decoding a tensor"));
      ++refused;
      continue;
    }
    ++accepted;
    const auto header = read_header(exact).value();
    ASSERT_LE(*result, exact.size());
    ASSERT_EQ(*result, kHeaderBytes + header.payload_bytes) << "seed " << kSeed << " round " << round;
    if (header.scope == ScaleScope::none || header.codec > CodecId::ds_aciq) continue;
    const Groups groups = groups_of(kShape, header.scope);
    const std::size_t codes = (groups.values * static_cast<std::size_t>(header.bits) + 7) / 8;
    ASSERT_EQ(header.payload_bytes, groups.count * (8 + codes)) << whole;
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace millrace
