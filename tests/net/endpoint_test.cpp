#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/net/frame_channel.hpp"

namespace millrace {
namespace {

TEST(AnEndpoint, IsAHostAndAPort) {
  const auto endpoint = parse_endpoint("192.0.2.1:7000");
  ASSERT_TRUE(endpoint.ok());
  EXPECT_EQ(endpoint->address, "192.0.2.1");
  EXPECT_EQ(endpoint->port, 7000);
  EXPECT_EQ(parse_endpoint("board-a.local:1")->address, "board-a.local");
  EXPECT_EQ(parse_endpoint("0.0.0.0:0")->port, 0);
}

TEST(AnEndpoint, OfIpv6StandsInBrackets) {
  const auto endpoint = parse_endpoint("[::1]:65535");
  ASSERT_TRUE(endpoint.ok());
  EXPECT_EQ(endpoint->address, "::1");
  EXPECT_EQ(endpoint->port, 65535);
}

TEST(AnEndpoint, AnythingElseIsAUsageErrorThatQuotesIt) {
  for (const char* text : {"", ":", "host", "host:", ":7000", "host:70000", "host:-1", "host:+1", "host:7x",
                           "host: 7", "host:0x10", "host:99999999999999999999"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint.error().code, ExitCode::usage);
    EXPECT_THAT(endpoint.error().message, testing::HasSubstr("\"" + std::string(text) + "\""));
  }
}

}  // namespace
}  // namespace millrace
