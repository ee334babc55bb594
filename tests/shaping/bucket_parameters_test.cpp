#include <gtest/gtest.h>

#include "runtime/shaping/token_bucket.hpp"

namespace millrace {
namespace {

TEST(BucketParameters, FullPacketsPassAtTheAskedRateOfTheIpLayer) {
  // 12 Mbit/s are 1000 packets of 1500 bytes a second, each with 14 bytes of Ethernet header.
  const auto bucket = bucket_for(BitRate::mbit(12), Bytes(1500), Bytes(14), Bytes::kib(256));
  EXPECT_EQ(bucket.bytes_per_s, 1'514'000U);
  EXPECT_EQ(bucket.burst_bytes, 3028U);  // 2 ms, which are just two packets
  EXPECT_EQ(bucket.queue_bytes, 262'144U);
}

TEST(BucketParameters, TheBurstIsTwoMillisecondsAndTwoPacketsAtLeast) {
  EXPECT_EQ(bucket_for(BitRate::mbit(1), Bytes(1500), Bytes(14), Bytes(10'000)).burst_bytes, 3028U);
  EXPECT_EQ(bucket_for(BitRate::mbit(600), Bytes(1500), Bytes(), Bytes(10'000)).burst_bytes, 150'000U);
}

TEST(BucketParameters, AnOutageIsTheLowestRateThatTheKernelKnows) {
  const auto bucket = bucket_for(BitRate(), Bytes(1500), Bytes(14), Bytes(10'000));
  EXPECT_EQ(bucket.bytes_per_s, 1U);
  EXPECT_EQ(bucket.burst_bytes, 1514U);  // with less, packets would be dropped rather than queued
}

TEST(BucketParameters, AQueueHoldsAPacketAtLeast) {
  EXPECT_EQ(bucket_for(BitRate::mbit(1), Bytes(1500), Bytes(14), Bytes(1)).queue_bytes, 1514U);
}

TEST(BucketParameters, RatesBeyond32BitsAreKept) {
  EXPECT_EQ(bucket_for(BitRate::mbit(80'000), Bytes(1500), Bytes(), Bytes(1)).bytes_per_s, 10'000'000'000U);
}

TEST(TokenBucket, AnUnknownInterfaceIsNamed) {
  const auto bucket = TokenBucket::attach("no-such-one", BitRate::mbit(1), Bytes(10'000));
  ASSERT_FALSE(bucket);
  EXPECT_EQ(bucket.error().code, ExitCode::usage);
  EXPECT_NE(bucket.error().message.find("no-such-one: there is no such interface"), std::string::npos);
}

}  // namespace
}  // namespace millrace
