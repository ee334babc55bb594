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
      EXPECT_LT(std::abs(error), 0.2) << name << ", " << row.loss_percent << " %, " << row.delay_ms << " ms";
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
