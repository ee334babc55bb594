#include "sim/tcp/reno.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

struct Sender {
  Reno reno;
  CongestionWindow window;

  void acknowledge(double packets, bool limited = true) {
    reno.acknowledged(window, {.now = Time(),
                               .delivered = packets,
                               .rtt = Duration::ms(100),
                               .limited = limited,
                               .new_round = false});
  }
  // A window of packets comes back, so many per acknowledgement.
  void round_trip(double per_ack = 1) {
    double left = window.size;
    for (; left >= per_ack; left -= per_ack) acknowledge(per_ack);
    if (left > 0) acknowledge(left);
  }
  void lose() { window.size = window.threshold = reno.after_loss(window); }
};

Sender sender(double size, double threshold) {
  Sender sender;
  sender.window.size = size;
  sender.window.threshold = threshold;
  return sender;
}

TEST(Reno, DoublesEachRoundTripUntilItKnowsTheLink) {
  Sender s;
  for (const double size : {20, 40, 80, 160, 320}) {
    s.round_trip();
    EXPECT_EQ(s.window.size, size);
  }
}

TEST(Reno, GrowsByOnePacketPerWindowAboveTheThreshold) {
  auto s = sender(10, 10);
  for (int packet = 0; packet < 9; ++packet) s.acknowledge(1);
  EXPECT_EQ(s.window.size, 10);
  s.acknowledge(1);
  EXPECT_EQ(s.window.size, 11);
  for (int round = 2; round <= 50; ++round) {
    s.round_trip();
    EXPECT_EQ(s.window.size, 10 + round);
  }
}

// RFC 3465: packets are counted, not acknowledgements.
TEST(Reno, DelayedAcknowledgementsDoNotSlowItDown) {
  auto slow_start = sender(10, 1000);
  slow_start.round_trip(2);
  EXPECT_EQ(slow_start.window.size, 20);
  auto avoidance = sender(10, 10);
  for (int round = 1; round <= 20; ++round) avoidance.round_trip(2);
  EXPECT_EQ(avoidance.window.size, 30);
}

TEST(Reno, WhatIsLeftAtTheThresholdCountsTowardsTheNextPacket) {
  auto s = sender(8, 10);
  s.acknowledge(7);
  EXPECT_EQ(s.window.size, 10);  // and 5 are left
  s.acknowledge(4);
  EXPECT_EQ(s.window.size, 10);
  s.acknowledge(1);
  EXPECT_EQ(s.window.size, 11);
}

TEST(Reno, HalvesAtALossAndKeepsAtLeastTwoPackets) {
  EXPECT_EQ(Reno().after_loss(sender(100, 100).window), 50);
  EXPECT_EQ(Reno().after_loss(sender(21, 21).window), 10);
  EXPECT_EQ(Reno().after_loss(sender(4, 4).window), 2);
  EXPECT_EQ(Reno().after_loss(sender(3, 3).window), 2);
  EXPECT_EQ(Reno().after_loss(sender(1, 1).window), 2);
}

TEST(Reno, DoesNotGrowWhileTheWindowIsNotTheLimit) {
  for (const double threshold : {10.0, 1000.0}) {
    auto s = sender(10, threshold);
    for (int i = 0; i < 100; ++i) s.acknowledge(1, false);
    EXPECT_EQ(s.window.size, 10);
    s.acknowledge(10);  // and what was acknowledged meanwhile gives no credit
    EXPECT_EQ(s.window.size, threshold == 10 ? 11 : 20);
  }
}

// From W/2 to W it takes W/2 round trips and the sum of W/2 ... W-1 packets, which is about 3/8 W^2: hence
// the law that the window goes by 1 / sqrt(loss).
TEST(Reno, ItsSawtoothTakesThreeEighthsOfTheSquareOfTheWindow) {
  auto s = sender(200, 200);
  s.lose();
  int packets = 0;
  for (; s.window.size < 200; ++packets) s.acknowledge(1);
  int expected = 0;
  for (int size = 100; size < 200; ++size) expected += size;
  EXPECT_EQ(packets, expected);
  EXPECT_NEAR(packets, 3.0 / 8 * 200 * 200, 100);
}

}  // namespace
}  // namespace millrace
