#include "runtime/codec/bit_packing.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/base/random.hpp"

namespace millrace {
namespace {

// The definition of the layout, one bit at a time: the oracle.
std::vector<std::byte> packed_bit_by_bit(const std::vector<std::uint8_t>& codes, int width) {
  std::vector<std::byte> out(packed_bytes(codes.size(), width));
  std::size_t position = 0;
  for (const unsigned code : codes)
    for (int bit = 0; bit < width; ++bit, ++position)
      if ((code >> bit & 1U) != 0) out[position / 8] |= std::byte{1} << (position % 8);
  return out;
}

std::vector<std::uint8_t> random_codes(std::size_t n, int width, Random& random) {
  std::vector<std::uint8_t> codes(n);
  for (auto& code : codes) code = static_cast<std::uint8_t>(random.below(1ULL << width));
  return codes;
}

class EveryWidth : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Widths, EveryWidth, testing::Range(1, 9));

TEST_P(EveryWidth, PacksAsTheLayoutSaysAtEveryLength) {
  Random random(1, "bit packing");
  for (std::size_t n = 0; n < 70; ++n) {
    const auto codes = random_codes(n, GetParam(), random);
    std::vector<std::byte> out(packed_bytes(n, GetParam()), std::byte{0xff});
    pack_bits(codes, GetParam(), out);
    EXPECT_EQ(out, packed_bit_by_bit(codes, GetParam())) << n << " codes";
    EXPECT_TRUE(padding_is_zero(out, GetParam(), n));
  }
}

TEST_P(EveryWidth, UnpackingGivesTheCodesBack) {
  Random random(2, "bit packing");
  for (std::size_t n = 0; n < 70; ++n) {
    const auto codes = random_codes(n, GetParam(), random);
    std::vector<std::uint8_t> back(n, 0xee);
    unpack_bits(packed_bit_by_bit(codes, GetParam()), GetParam(), back);
    EXPECT_EQ(back, codes);
  }
}

TEST(BitPacking, ThreeBitsCostThreeBits) {
  EXPECT_EQ(packed_bytes(8, 3), 3u);
  EXPECT_EQ(packed_bytes(9, 3), 4u);
  EXPECT_EQ(packed_bytes(151'296, 3), 56'736u);
  EXPECT_EQ(packed_bytes(0, 3), 0u);
}

TEST(BitPacking, SeesPaddingThatIsNotZero) {
  // 3 codes of 3 bits use 9 bits: 1 bit of the second byte.
  EXPECT_TRUE(padding_is_zero(std::vector{std::byte{0xff}, std::byte{0x01}}, 3, 3));
  EXPECT_FALSE(padding_is_zero(std::vector{std::byte{0xff}, std::byte{0x03}}, 3, 3));
  EXPECT_FALSE(padding_is_zero(std::vector{std::byte{0xff}, std::byte{0x81}}, 3, 3));
}

}  // namespace
}  // namespace millrace
