#include "sim/tcp/cubic.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace millrace {
namespace {

constexpr double kRemains = 717.0 / 1024;  // Linux's beta
constexpr double kCurve = 0.4;             // RFC 9438's C

// A sender whose acknowledgements come evenly, one packet each, a window per round trip.
struct Sender {
  Cubic cubic;
  CongestionWindow window;
  Duration rtt;
  Time now;

  explicit Sender(Duration round_trip, double size) : rtt(round_trip) {
    window.size = window.threshold = size;
  }

  void acknowledge(bool limited = true) {
    cubic.acknowledged(window,
                       {.now = now, .delivered = 1, .rtt = rtt, .limited = limited, .new_round = false});
  }
  void run_for(Duration time) {
    for (const auto end = now + time; now < end;
         now = now + Duration::from_seconds(rtt.seconds() / window.size))
      acknowledge();
  }
  void round_trips(int n) { run_for(rtt * n); }
  // The window at the time of the loss, and the growth from a known state afterwards.
  void lose_at(double size) {
    window.size = size;
    acknowledge(false);  // it knows the round trip
    window.forget_credit();
    window.size = window.threshold = cubic.after_loss(window);
  }
};

double cubic_curve(double plateau, double from, double seconds) {
  return plateau + kCurve * std::pow(seconds - std::cbrt((plateau - from) / kCurve), 3);
}

double after_loss_at(double size) {
  CongestionWindow window;
  window.size = size;
  return Cubic().after_loss(window);
}

TEST(Cubic, KeepsSeventyPercentAtALossAndAtLeastTwoPackets) {
  EXPECT_EQ(after_loss_at(100), 70);
  EXPECT_EQ(after_loss_at(1024), 717);
  EXPECT_EQ(after_loss_at(2000), 1400);  // 1400.4
  EXPECT_EQ(after_loss_at(10), 7);
  EXPECT_EQ(after_loss_at(3), 2);
  EXPECT_EQ(after_loss_at(1), 2);
}

// K = cbrt(W (1 - beta) / C) = cbrt(30 / 0.4) = 4.22 s; the growth slows down towards it and then speeds up.
TEST(Cubic, ComesBackToTheOldWindowAfterKAndThenGrowsFaster) {
  const double k = std::cbrt((100 - 70) / kCurve);
  ASSERT_NEAR(k, 4.217, 0.001);
  for (const double at : {0.25, 0.5, 0.75, 1.0, 1.2, 2.0}) {
    Sender s(Duration::ms(100), 100);
    s.lose_at(100);
    ASSERT_EQ(s.window.size, 70);
    s.run_for(Duration::from_seconds(at * k));
    const double expected = 100 + kCurve * std::pow((at - 1) * k, 3);
    EXPECT_NEAR(s.window.size, expected, 1.5) << "at " << at << " K";
  }
}

// The curve knows no round trips: RFC 9438, section 4.2.
TEST(Cubic, GrowsByTimeAndNotByRoundTrips) {
  for (const int ms : {80, 150, 300}) {
    Sender s(Duration::ms(ms), 1000);
    s.lose_at(1000);
    s.run_for(Duration::s(5));
    EXPECT_NEAR(s.window.size, cubic_curve(1000, 700, 5), 6) << ms;
  }
}

// Linux counts 15/8 windows of acknowledged packets per packet: 3 (1 - beta) / (1 + beta) = 0.5290, as 8/15.
TEST(Cubic, GrowsLikeRenoWhereRoundTripsAreShort) {
  Sender s(Duration::ms(10), 100);
  s.lose_at(100);
  s.round_trips(20);
  const double early = s.window.size;
  EXPECT_NEAR(early, 70 + 20 * 8.0 / 15, 3);
  s.round_trips(150);
  EXPECT_NEAR(s.window.size - early, 150 * 8.0 / 15, 3);
  EXPECT_LT(cubic_curve(100, 70, 1.7), 95);  // where the cubic curve would be
  EXPECT_GT(s.window.size, 155);
}

TEST(Cubic, AFlowThatLostEarlierThanLastTimeLeavesRoom) {
  Sender s(Duration::ms(400), 100);
  s.lose_at(100);
  s.lose_at(90);
  ASSERT_EQ(s.window.size, 63);
  // Not 90 but 90 (1 + beta) / 2 = 76.5 is the plateau.
  const double plateau = 90 * (1 + kRemains) / 2;
  const double k = std::cbrt((plateau - 63) / kCurve);
  s.run_for(Duration::from_seconds(k));
  EXPECT_NEAR(s.window.size, plateau, 1.5);
  EXPECT_GT(cubic_curve(90, 63, k), 89);  // without it
}

TEST(Cubic, EachLossBeginsACurveOfItsOwn) {
  Sender s(Duration::ms(100), 100);
  s.lose_at(100);
  s.run_for(Duration::s(6));
  s.lose_at(100);
  ASSERT_EQ(s.window.size, 70);
  s.run_for(Duration::s(2));
  EXPECT_NEAR(s.window.size, cubic_curve(100, 70, 2), 1.5);
}

TEST(Cubic, AFlowThatLostLaterThanLastTimeAimsAtThatWindow) {
  Sender s(Duration::ms(400), 100);
  s.lose_at(100);
  s.lose_at(110);
  ASSERT_EQ(s.window.size, 77);
  s.run_for(Duration::from_seconds(std::cbrt((110 - 77) / kCurve)));
  EXPECT_NEAR(s.window.size, 110, 1.5);
}

TEST(Cubic, IdleTimeDoesNotCount) {
  const auto run = [](Duration idle, bool says_so) {
    Sender s(Duration::ms(100), 100);
    s.lose_at(100);
    s.run_for(Duration::s(1));
    s.now = s.now + idle;
    if (says_so) s.cubic.sends_again(s.now, idle);
    s.run_for(Duration::s(2));
    return s.window.size;
  };
  EXPECT_NEAR(run(Duration::s(20), true), run(Duration(), false), 1);
  EXPECT_GT(run(Duration::s(20), false), 200);
}

TEST(Cubic, NoIdleTimeMovesTheEpochIntoTheFuture) {
  Sender s(Duration::ms(400), 100);
  s.lose_at(100);
  s.run_for(Duration::s(1));
  s.cubic.sends_again(s.now,
                      Duration::s(1000));  // longer than the epoch: the sender was idle before it as well
  const double size = s.window.size;
  s.run_for(Duration::ms(500));
  EXPECT_LT(s.window.size, size + 2);  // the curve begins again from its beginning, and not later
  s.run_for(Duration::ms(5500));
  EXPECT_NEAR(s.window.size, cubic_curve(100, 70, 6), 2);
}

// No loss has shown the capacity: one packet per 20 acknowledged, 5 % a round trip.
TEST(Cubic, GrowsByFivePercentARoundTripBeforeTheFirstLoss) {
  Sender s(Duration::ms(100), 100);
  for (int packet = 0; packet < 200; ++packet) s.acknowledge();
  EXPECT_EQ(s.window.size, 110);
  Sender long_run(Duration::ms(100), 100);
  long_run.round_trips(20);
  EXPECT_NEAR(long_run.window.size, 100 * std::exp(20 * 0.05), 3);
}

TEST(Cubic, NeverGrowsByMoreThanHalfOfWhatIsAcknowledged) {
  Sender s(Duration::ms(100), 10'000);
  s.lose_at(10'000);
  s.window.size = s.window.threshold = 10;  // the curve is far above
  s.run_for(Duration::ms(1));
  s.now = s.now + Duration::s(5);
  const double before = s.window.size;
  for (int packet = 0; packet < 100; ++packet) s.acknowledge();
  EXPECT_NEAR(s.window.size - before, 50, 1);
}

TEST(Cubic, ATimeOutForgetsTheCurve) {
  Sender s(Duration::ms(100), 100);
  s.lose_at(100);
  s.cubic.timed_out();
  for (int packet = 0; packet < 140; ++packet) s.acknowledge();
  EXPECT_EQ(s.window.size, 77);  // as before the first loss
}

TEST(Cubic, DoesNotGrowWhileTheWindowIsNotTheLimit) {
  for (const double threshold : {50.0, 1000.0}) {
    Sender s(Duration::ms(100), 50);
    s.window.threshold = threshold;
    for (int i = 0; i < 1000; ++i) s.acknowledge(false);
    EXPECT_EQ(s.window.size, 50);
    for (int i = 0; i < 40; ++i) s.acknowledge();
    EXPECT_EQ(s.window.size, threshold == 50 ? 52 : 90);
  }
}

// --- HyStart

// A sender in slow start whose window is held, so that only the end of slow start is seen.
struct Start {
  Cubic cubic;
  CongestionWindow window;
  Time now = Time() + Duration::s(1);

  explicit Start(double size) { window.size = size; }

  // Acknowledgements of one round trip. Whether slow start goes on.
  bool round(int packets, Duration gap, Duration rtt, bool new_round = true) {
    for (int i = 0; i < packets; ++i) {
      if (i > 0) now = now + gap;
      cubic.acknowledged(
          window,
          {.now = now, .delivered = 1, .rtt = rtt, .limited = false, .new_round = new_round && i == 0});
    }
    return window.in_slow_start();
  }
};

constexpr Duration kApart = Duration::ms(3);  // no train
constexpr Duration kClose = Duration::ms(1);

TEST(Cubic, DoublesEachRoundTripWhileTheDelayIsSteady) {
  Sender s(Duration::ms(2000), 10);  // far apart
  s.window.threshold = CongestionWindow::kNoThreshold;
  for (const double size : {20, 40, 80, 160, 320}) {
    const auto packets = static_cast<int>(s.window.size);
    for (int packet = 0; packet < packets; ++packet, s.now = s.now + kApart) s.acknowledge();
    EXPECT_EQ(s.window.size, size);
  }
}

TEST(Cubic, HyStartEndsSlowStartWhereTheDelayRisesByAnEighth) {
  struct Case {
    Duration least, rise;
  };
  for (const auto& [least, rise] :
       {Case{Duration::ms(80), Duration::ms(10)}, Case{Duration::ms(16), Duration::ms(4)},  // at least
        Case{Duration::ms(400), Duration::ms(16)}})                                         // at most
  {
    Start s(20);
    EXPECT_TRUE(s.round(20, kApart, least));
    EXPECT_TRUE(s.round(20, kApart, least + rise));  // not more than that
    EXPECT_TRUE(s.round(8, kApart, least + rise + Duration::us(1)));
    EXPECT_FALSE(s.round(1, kApart, least + rise + Duration::us(1), false)) << "the ninth of the round";
    EXPECT_EQ(s.window.threshold, 20);
  }
}

TEST(Cubic, HyStartGoesByTheShortestRoundTripOfARound) {
  Start s(20);
  s.round(20, kApart, Duration::ms(80));
  s.round(1, kApart, Duration::ms(80));
  EXPECT_TRUE(s.round(30, kApart, Duration::ms(120), false));
  EXPECT_FALSE(s.round(9, kApart, Duration::ms(120)));  // the next round has no such packet
}

TEST(Cubic, HyStartEndsSlowStartWhenATrainIsHalfARoundTripLong) {
  Start s(40);
  s.round(5, kApart, Duration::ms(40));
  // Half of 40 ms and of the 1 ms that offloading may add: 20.5 ms.
  EXPECT_TRUE(s.round(21, kClose, Duration::ms(40)));  // 20 ms from the first to the last
  s.now = s.now + Duration::us(500);
  EXPECT_TRUE(s.round(1, kClose, Duration::ms(40), false));
  s.now = s.now + Duration::us(1);
  EXPECT_FALSE(s.round(1, kClose, Duration::ms(40), false));
  EXPECT_EQ(s.window.threshold, 40);
}

TEST(Cubic, ATrainEndsWhereAcknowledgementsAreMoreThanTwoMillisecondsApart) {
  Start s(40);
  s.round(5, kApart, Duration::ms(40));
  EXPECT_TRUE(s.round(15, kClose, Duration::ms(40)));
  s.now = s.now + kApart;
  EXPECT_TRUE(s.round(30, kClose, Duration::ms(40), false));
  EXPECT_FALSE(s.round(30, Duration::ms(2), Duration::ms(40)));  // 2 ms are still one train
}

TEST(Cubic, HyStartLeavesWindowsBelowSixteenPacketsAlone) {
  Start small(15), large(16);
  for (auto* s : {&small, &large}) {
    s->round(20, kApart, Duration::ms(40));
    s->round(20, kApart, Duration::ms(100));
  }
  EXPECT_TRUE(small.window.in_slow_start());
  EXPECT_FALSE(large.window.in_slow_start());
}

TEST(Cubic, HyStartDoesNotTrustTheFirstSecondOfACurve) {
  Start s(20);
  s.round(20, kApart, Duration::ms(40));
  s.window.threshold = 20;
  s.cubic.acknowledged(
      s.window, {.now = s.now, .delivered = 1, .rtt = Duration::ms(40), .limited = true, .new_round = false});
  s.window.threshold = 1000;  // as after idleness
  EXPECT_TRUE(s.round(300, kApart, Duration::ms(100)));
  s.now = s.now + Duration::ms(200);
  EXPECT_FALSE(s.round(9, kApart, Duration::ms(100)));
}

TEST(Cubic, HyStartWorksAgainAfterATimeOut) {
  Start s(20);
  s.round(20, kApart, Duration::ms(40));
  ASSERT_FALSE(s.round(20, kApart, Duration::ms(100)));
  s.window.threshold = 1000;
  EXPECT_TRUE(s.round(20, kApart, Duration::ms(500)));  // it ends slow start once only
  s.cubic.timed_out();
  EXPECT_TRUE(s.round(20, kApart, Duration::ms(100)));  // the new least
  EXPECT_FALSE(s.round(20, kApart, Duration::ms(200)));
}

}  // namespace
}  // namespace millrace
