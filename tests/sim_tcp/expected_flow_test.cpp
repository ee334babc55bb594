// Windows in expectation: waits computed by hand, and the goodput of Linux under loss.
#include "sim/tcp/expected_flow.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/linux_tcp_rates.hpp"

namespace millrace {
namespace {

constexpr Duration kPacket = Duration::ms(1);
const ExpectedFlow::Path kFar{.round_trip = Duration::ms(99)};  // 100 ms with the packet itself

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }

// Rounds of 10, 20 and 40 packets: the link waits 90 and 80 ms before the second and third.
TEST(ExpectedFlow, SlowStartMakesTheLinkWait) {
  for (const auto* name : {"reno", "cubic", "bbr"}) {
    ExpectedFlow flow(name);
    EXPECT_EQ(flow.send(70, ms(0), kPacket, kFar), Duration::ms(170)) << name;
  }
}

TEST(ExpectedFlow, AWindowOfThePathsPacketsNeverWaits) {
  ExpectedFlow flow("reno");
  flow.send(310, ms(0), kPacket, kFar);  // 10, 20, 40, 80 and 160 packets
  EXPECT_EQ(flow.window(), 160);
  EXPECT_EQ(flow.send(1000, ms(5000), kPacket, {.round_trip = Duration()}), Duration());
}

// The second message finds a window of 80: 40 and the 40 that were acknowledged.
TEST(ExpectedFlow, TheWindowStaysBetweenMessages) {
  ExpectedFlow flow("reno");
  flow.send(70, ms(0), kPacket, kFar);
  EXPECT_EQ(flow.send(80, ms(340), kPacket, kFar), Duration());
}

// The time-out is 299 ms. After 700 ms of silence a window of 80 has been halved twice: rounds of 20, 40 and
// 10 packets. After 10 s it is 10.
TEST(ExpectedFlow, APauseHalvesTheWindowOfLossBasedControlsOnly) {
  for (const auto& [name, pause, waits] :
       {std::tuple("reno", 700, 140), {"reno", 10'000, 170}, {"bbr", 10'000, 0}}) {
    ExpectedFlow flow(name);
    const auto idle = flow.send(70, ms(0), kPacket, kFar);
    const auto end = ms(0) + idle + Duration::ms(70);
    EXPECT_EQ(flow.send(70, end + Duration::ms(pause), kPacket, kFar), Duration::ms(waits)) << name << pause;
  }
}

// In the middle of a round the rest of the window is still there, and what was sent counts.
TEST(ExpectedFlow, MessagesOfOneRoundShareItsWindow) {
  ExpectedFlow flow("reno");
  EXPECT_EQ(flow.send(6, ms(0), kPacket, kFar), Duration());
  EXPECT_EQ(flow.send(6, ms(6), kPacket, kFar), Duration::ms(90))
      << "four packets, and two in the next round";
}

TEST(ExpectedFlow, WithoutDelayAndLossNothingWaits) {
  for (const auto* name : {"reno", "cubic", "bbr"}) {
    ExpectedFlow flow(name);
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(flow.send(90, ms(90 * i), kPacket, {.round_trip = Duration()}), Duration());
      EXPECT_EQ(flow.repetition(), Duration());
    }
  }
}

// Behind a router that holds 20 packets, 100 on the way: windows above 120 lose.
TEST(ExpectedFlow, ARoutersQueueBoundsTheWindow) {
  auto path = kFar;
  path.queue = 20;
  ExpectedFlow flow("reno"), unbounded("reno");
  Time now, free;
  for (int i = 0; i < 200; ++i) {
    now = now + flow.send(100, now, kPacket, path) + Duration::ms(100);
    free = free + unbounded.send(100, free, kPacket, kFar) + Duration::ms(100);
  }
  EXPECT_LE(flow.window(), 121);
  EXPECT_GE(unbounded.window(), 160);
}

// The share of the link that a connection gets that always has something to send, after its slow start: what
// the sawtooth leaves. The window falls to beta (B + Q) packets, B on the way and Q in the router's queue,
// and the link idles while it is below B. Without a queue Reno gets 3/4. CUBIC with a queue of 5: the curve
// 105 - 0.4 (K - t)^3, K = 4.29 s, is below 100 for 1.97 s, 0.21 s of idleness in 5.65 s (up to 106): 0.963.
TEST(ExpectedFlow, BehindAShortQueueTheSawtoothLeavesALinkIdle) {
  for (const auto& [name, queue, share] : {std::tuple("reno", 0.0, 0.75),
                                           {"reno", 100.0, 1.0},
                                           {"cubic", 5.0, 0.963},
                                           {"cubic", 50.0, 1.0},
                                           {"reno", 50.0, 1 - 0.5 * 0.25 * 0.25 / (1.5 - 0.75 * 0.5)}}) {
    auto path = kFar;
    path.queue = queue;
    ExpectedFlow flow(name);
    Time now;
    double sent = 0, busy_s = 0;
    while (now < ms(400'000)) {
      const auto took = flow.send(100, now, kPacket, path) + kPacket * 100;
      if (now > ms(100'000)) sent += 100, busy_s += took.seconds();
      now = now + took;
    }
    EXPECT_NEAR(sent * kPacket.seconds() / busy_s, share, 0.04) << name << ", queue " << queue;
  }
}

// A queue of 5 packets takes 6 of a burst of 10, as nothing leaves meanwhile. The first loss shows when they
// have arrived, 106 ms after the burst; then four packets are sent again. The six let the window grow to 16,
// the loss halves it.
TEST(ExpectedFlow, ABurstLosesWhatTheQueueDoesNotTake) {
  auto path = kFar;
  path.queue = 5;
  ExpectedFlow flow("reno");
  flow.begin(10, ms(0), ms(0), kPacket, path);
  EXPECT_EQ(flow.send(10, ms(0), kPacket, path), Duration());
  EXPECT_EQ(flow.repetition(), Duration::ms(106 - 10 + 4));
  flow.begin(1, ms(1000), ms(1000), kPacket, path);
  EXPECT_EQ(flow.window(), 8);
}

// Packets that come at twice the link's rate: half of them leave at once.
TEST(ExpectedFlow, ABurstThatArrivesSlowlyFits) {
  auto path = kFar;
  path.queue = 5;
  path.drain = 0.5;
  ExpectedFlow flow("reno");
  flow.begin(10, ms(0), ms(0), kPacket, path);
  flow.send(10, ms(0), kPacket, path);
  EXPECT_EQ(flow.repetition(), Duration());
}

// bbr in startup sends at 2.885 times the link's rate: of 50 packets 33 wait at once, and a queue of 20 takes
// 21. It stays in startup while messages are shorter than a round trip, and not after three longer ones.
TEST(ExpectedFlow, BbrInStartupOverrunsARoutersQueue) {
  for (const double packets : {50, 150}) {
    auto path = kFar;
    path.queue = 20;
    ExpectedFlow flow("bbr");
    Time now;
    for (int i = 0; i < 20; ++i, now = now + Duration::ms(1000)) {
      flow.begin(packets, now, now, kPacket, path);
      flow.send(packets, now, kPacket, path);
    }
    EXPECT_EQ(flow.repetition() > Duration(), packets == 50);
  }
}

TEST(ExpectedFlow, ACopyGoesOnFromWhereTheOriginalWas) {
  ExpectedFlow flow("cubic");
  flow.send(30, ms(0), kPacket, kFar);
  ExpectedFlow copy = flow;
  EXPECT_EQ(flow.send(40, ms(120), kPacket, kFar), copy.send(40, ms(120), kPacket, kFar));
  EXPECT_EQ(flow.window(), copy.window());
}

TEST(ExpectedFlow, TheLastPacketsRepetitionsAreExpected) {
  ExpectedFlow flow("bbr");
  flow.send(1, ms(0), kPacket, {.round_trip = Duration::ms(99), .loss = 0.02});
  EXPECT_NEAR(flow.repetition().milliseconds(), 2, 1e-6) << "one packet, two in a hundred, 100 ms";
}

// Linux's own runs differ by up to 20 %, hence the tolerance.
TEST(ExpectedFlow, GetsUnderLossWhatLinuxGets) {
  double sum = 0;
  int count = 0;
  for (const auto& row : kLinuxTcpRates) {
    for (const auto& [name, linux] : row.by_name()) {
      constexpr Duration kEach = Duration::us(600);
      const ExpectedFlow::Path path{.round_trip = Duration::ms(2 * row.delay_ms),
                                    .loss = row.loss_percent / 100};
      ExpectedFlow flow(name);
      Time now;
      double bits = 0;
      while (now < ms(60'000)) {
        now = now + flow.send(90, now, kEach, path) + kEach * 90;
        bits += 90 * 1448 * 8 * (1 - path.loss);
      }
      const double error = bits / now.seconds() / 1e6 / linux - 1;
      EXPECT_LT(std::abs(error), 0.25) << name << ", " << row.loss_percent << " %, " << row.delay_ms << " ms";
      sum += std::abs(error);
      ++count;
    }
  }
  fmt::print("mean error against Linux under loss: {:.1f} %\n", 100 * sum / count);
  EXPECT_LT(sum / count, 0.08);
}

TEST(ExpectedFlow, TheMeanWindowIsMathissWhereLossesAreRare) {
  const ExpectedFlow::Path path{.round_trip = Duration::ms(10), .loss = 1e-5};
  EXPECT_NEAR(*ExpectedFlow::mean_window("reno", path), std::sqrt(1.5 / 1e-5), 4);
  EXPECT_FALSE(ExpectedFlow::mean_window("bbr", path));
  auto bursts = path;
  bursts.burst = 4;
  EXPECT_NEAR(*ExpectedFlow::mean_window("reno", bursts), std::sqrt(4 * 1.5 / 1e-5), 8) << "each counts once";
}

}  // namespace
}  // namespace millrace
