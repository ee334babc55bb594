#include "runtime/wire/frame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace {
namespace {

using testing::HasSubstr;

using Header = std::array<std::byte, kFrameHeader>;

Header good() { return encode_header({FrameType::turn, 300, 70'000}); }
std::string fault(const Header& header) {
  const auto decoded = decode_header(header);
  return decoded.ok() ? "none" : decoded.error().message;
}

TEST(AFrameHeader, HasExactlyTheseBytes) {
  constexpr std::array<int, kFrameHeader> kPinned = {'M',  'R',  'F', '1', 2,    0,    9, 0,
                                                     0x2c, 0x01, 0,   0,   0x70, 0x11, 1, 0};
  const auto header = good();
  for (std::size_t i = 0; i < kFrameHeader; ++i)
    EXPECT_EQ(std::to_integer<int>(header[i]), kPinned[i]) << "offset " << i;
}

TEST(AFrameHeader, TypesHaveTheseNumbersForGood) {
  EXPECT_EQ(static_cast<int>(FrameType::hello), 1);
  EXPECT_EQ(static_cast<int>(FrameType::refusal), 2);
  EXPECT_EQ(static_cast<int>(FrameType::assign), 3);
  EXPECT_EQ(static_cast<int>(FrameType::message), 10);
  EXPECT_EQ(static_cast<int>(FrameType::heartbeat), 12);
  EXPECT_EQ(static_cast<int>(FrameType::stop), 13);
  EXPECT_EQ(static_cast<int>(FrameType::want), 14);
  EXPECT_EQ(static_cast<int>(FrameType::farewell), 17);
}

TEST(AFrameHeader, ReadsBackAsWritten) {
  for (const FrameHeader header :
       {FrameHeader{FrameType::hello, 0, 0}, FrameHeader{FrameType::stop, kMaxMeta, kMaxPayload}}) {
    EXPECT_EQ(*decode_header(encode_header(header)), header);
  }
}

TEST(AFrameHeader, AnotherMagicIsRefused) {
  auto header = good();
  header[3] = std::byte{'2'};
  EXPECT_THAT(fault(header), HasSubstr("does not speak millrace"));
}

TEST(AFrameHeader, AnotherVersionIsRefusedNamingBoth) {
  auto header = good();
  header[4] = std::byte{3};
  EXPECT_THAT(fault(header), HasSubstr("frame version 3, this is version 2"));
}

TEST(AFrameHeader, UnknownTypesAreRefused) {
  for (const int type : {0, 18, 255}) {
    auto header = good();
    header[6] = static_cast<std::byte>(type);
    EXPECT_THAT(fault(header), HasSubstr("unknown type " + std::to_string(type)));
  }
}

TEST(AFrameHeader, LengthsBeyondTheLimitsAreRefused) {
  auto header = encode_header({FrameType::turn, kMaxMeta, 0});
  header[8] = std::byte{1};
  EXPECT_THAT(fault(header), HasSubstr("a message of 16777217 bytes"));
  header = encode_header({FrameType::turn, 0, kMaxPayload});
  header[12] = std::byte{1};
  EXPECT_THAT(fault(header), HasSubstr("a payload of 1073741825 bytes"));
}

TEST(AFrameHeader, BeyondTheLimitsIsOurMistakeToWrite) {
  EXPECT_DEATH((void)encode_header({FrameType::turn, kMaxMeta + 1, 0}), "beyond its limits");
}

}  // namespace
}  // namespace millrace
