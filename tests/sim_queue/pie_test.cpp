#include "sim/queue/pie.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

namespace millrace {
namespace {

constexpr Bytes kMean = PieControl::kMeanPacket, kMany(100'000);

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }

// The packets that leave have waited for so long, from one update to the next.
struct Link {
  PieControl control;
  std::int64_t now = -1;  // the update at this number times 15 ms is over

  void update(Duration waited, int count = 1) {
    for (; count > 0; --count) {
      control.left(waited, kMany);
      control.advance(ms(15 * ++now));
    }
  }
  // The burst at the beginning is over, and the probability still 0.
  void begin() {
    control.advance(ms(15 * ++now));
    (void)control.arrived(kMean, kMany);
    update(Duration::us(1), 10);
  }
};

TEST(PieControl, ABurstIsForgivenFor150Milliseconds) {
  Link link;
  link.control.advance(ms(0));
  EXPECT_FALSE(link.control.arrived(kMean, kMany));
  link.now = 0;
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(link.control.arrived(kMean, kMany)) << i;
    link.update(Duration::ms(500));
    EXPECT_EQ(link.control.probability(), 0) << i;
  }
  EXPECT_TRUE(link.control.arrived(kMean, kMany));
}

// RFC 8033, with a wait of 35 ms: 0.125 (0.035 - 0.015) + 1.25 (0.035 - 0) at first, then without the
// second part, and each divided by 2048, 512, 128, 32, 8 or 2 as the probability before is small.
TEST(PieControl, FollowsTheDocumentStepByStep) {
  Link link;
  link.begin();
  const double first = 0.125 * 0.02 + 1.25 * (0.035 - 1e-6), then = 0.125 * 0.02;
  double expected = 0;
  link.update(Duration::ms(35));
  EXPECT_NEAR(link.control.probability(), expected = first / 2048, 1e-15);  // 2.3e-5
  for (int i = 0; i < 4; ++i) {                                             // 2e-5 each, up to 1e-4
    link.update(Duration::ms(35));
    EXPECT_NEAR(link.control.probability(), expected += then / 128, 1e-15);
  }
  EXPECT_GT(expected, 1e-4);
  link.update(Duration::ms(35));
  EXPECT_NEAR(link.control.probability(), expected += then / 32, 1e-15);
  while (expected < 0.5) {
    const double divisor = expected < 1e-3 ? 32 : expected < 1e-2 ? 8 : expected < 1e-1 ? 2 : 1;
    link.update(Duration::ms(35));
    ASSERT_NEAR(link.control.probability(), expected += then / divisor, 1e-12);
  }
}

TEST(PieControl, FallsAsTheWaitFallsAlreadyAboveTheTarget) {
  Link link;
  link.begin();
  link.update(Duration::ms(100), 300);
  const double high = link.control.probability();
  ASSERT_GT(high, 0.1);
  link.update(Duration::ms(50));
  EXPECT_NEAR(link.control.probability(), high + 0.125 * 0.035 - 1.25 * 0.05, 1e-12);
}

// RFC 8033: cap drop adjustment.
TEST(PieControl, AHighProbabilityRisesByTwoPercentAtMost) {
  Link link;
  link.begin();
  link.update(Duration::ms(100), 100);
  const double high = link.control.probability();
  ASSERT_GT(high, 0.1);
  link.update(Duration::ms(400));
  EXPECT_NEAR(link.control.probability(), high + 0.02, 1e-12);
}

TEST(PieControl, StaysBetweenZeroAndOne) {
  Link link;
  link.begin();
  link.update(Duration::s(10), 1000);
  EXPECT_EQ(link.control.probability(), 1);
  link.update(Duration::us(1), 1000);
  EXPECT_EQ(link.control.probability(), 0);
}

TEST(PieControl, DecaysBy2PercentWhereNothingWaits) {
  Link link;
  link.begin();
  link.update(Duration::ms(100), 300);
  link.update(Duration{});
  const double before = link.control.probability();
  ASSERT_GT(before, 0.5);
  link.update(Duration{});
  EXPECT_NEAR(link.control.probability(), (before - 0.125 * 0.015) * 0.98, 1e-12);
}

TEST(PieControl, ThePacketThatLeavesNothingBehindHasNotWaited) {
  Link waiting, alone;
  for (auto* link : {&waiting, &alone}) {
    link->begin();
    link->update(Duration::ms(30), 100);
  }
  const double before = alone.control.probability();
  waiting.control.left(Duration::ms(30), Bytes(1));
  alone.control.left(Duration::ms(30), Bytes(0));
  waiting.control.advance(ms(15 * ++waiting.now));
  alone.control.advance(ms(15 * ++alone.now));
  EXPECT_GT(waiting.control.probability(), before);
  EXPECT_LT(alone.control.probability(), before);
}

TEST(PieControl, LargePacketsAreDroppedInProportionToTheirSize) {
  Link link;
  link.begin();
  link.update(Duration::ms(50), 100);
  const double p = link.control.probability();
  EXPECT_DOUBLE_EQ(link.control.arrived(kMean, kMany).value(), p);
  EXPECT_DOUBLE_EQ(link.control.arrived(Bytes(1500), kMany).value(), 1.5 * p);
  EXPECT_DOUBLE_EQ(link.control.arrived(Bytes(50), kMany).value(), 0.05 * p);
}

TEST(PieControl, NothingIsDroppedWhereTwoPacketsWaitOrWaitsAreShort) {
  Link link;
  link.begin();
  link.update(Duration::ms(50), 30);
  ASSERT_GT(link.control.probability(), 0);
  EXPECT_FALSE(link.control.arrived(kMean, kMean * 2));
  EXPECT_TRUE(link.control.arrived(kMean, kMean * 2 + Bytes(1)));
  link.update(Duration::us(7'499));
  ASSERT_LT(link.control.probability(), 0.2);
  EXPECT_FALSE(link.control.arrived(kMean, kMany));
  link.update(Duration::us(7'500));
  EXPECT_TRUE(link.control.arrived(kMean, kMany));
}

// A probability of 20 % or more is believed even where waits are short.
TEST(PieControl, AHighProbabilityDropsEvenWhereWaitsAreShort) {
  for (const auto& [high, drops] : {std::pair(0.22, false), {0.24, true}}) {
    Link link;
    link.begin();
    while (link.control.probability() < high) link.update(Duration::ms(30));
    link.update(Duration::ms(7));  // takes 0.125 * 0.008 + 1.25 * 0.023 = 0.03 away
    EXPECT_NEAR(link.control.probability(), high - 0.03, 0.003);
    EXPECT_EQ(link.control.arrived(kMean, kMany).has_value(), drops);
  }
}

// After the allowance of the first packet (10 updates), one update and 101 more without a wait.
TEST(PieControl, AfterAQuietSecondAndAHalfABurstIsForgivenAgain) {
  Link soon, late;
  soon.begin();
  soon.update(Duration::us(1), 100);
  (void)soon.control.arrived(kMean, kMany);
  soon.update(Duration::ms(500));
  EXPECT_TRUE(soon.control.arrived(kMean, kMany));

  late.begin();
  late.update(Duration::us(1), 102);
  EXPECT_FALSE(late.control.arrived(kMean, kMany));
  late.update(Duration::ms(500));
  EXPECT_FALSE(late.control.arrived(kMean, kMany));
}

// A wait of half of the target is no quiet.
TEST(PieControl, QuietBeginsAnewWithEveryWait) {
  Link link;
  link.begin();
  link.update(Duration::us(1), 60);
  link.update(Duration::us(7'500));
  link.update(Duration::us(1), 60);
  (void)link.control.arrived(kMean, kMany);
  link.update(Duration::ms(500));
  EXPECT_TRUE(link.control.arrived(kMean, kMany));
}

// What is caught up on at once is what would have been done in time, whatever the state.
TEST(PieControl, CatchesUpOnUpdatesExactly) {
  for (const auto waited :
       {Duration{}, Duration::ms(1), Duration::ms(14), Duration::ms(20), Duration::s(2)}) {
    for (const int updates : {1, 7, 50, 150, 1000, 20'000}) {
      Link often;
      often.begin();
      often.update(Duration::ms(200), 40);
      auto once = often.control;
      often.update(waited, updates);
      once.left(waited, kMany);
      once.advance(ms(15 * often.now + 14));
      EXPECT_EQ(once.probability(), often.control.probability()) << waited.milliseconds() << ' ' << updates;
      EXPECT_EQ(once.arrived(kMean, kMany), often.control.arrived(kMean, kMany));
      often.update(Duration::ms(500), 3);
      for (int i = 2; i >= 0; --i) {
        once.left(Duration::ms(500), kMany);
        once.advance(ms(15 * (often.now - i)));
      }
      EXPECT_EQ(once.probability(), often.control.probability());
      EXPECT_EQ(once.arrived(kMean, kMany), often.control.arrived(kMean, kMany));
    }
  }
}

// A hundred years of idleness: three hundred million seconds of updates, at once.
TEST(PieControl, ALongPauseIsCaughtUpOnAtOnce) {
  Link link;
  link.begin();
  link.update(Duration::ms(200), 40);
  link.control.left(Duration{}, Bytes(0));
  link.control.advance(Time::zero() + Duration::s(3'000'000'000));
  EXPECT_EQ(link.control.probability(), 0);
}

// Always the same number.
struct Fixed {
  double number;
  double uniform() const { return number; }
};

TEST(Pie, DropsAsTheRandomNumberSays) {
  for (const double number : {0.0, 0.999}) {
    Pie<int, Fixed> queue(Bytes::mib(1), Fixed{number});
    std::uint64_t dropped = 0;
    for (int i = 0; i < 400; ++i) {
      dropped +=
          queue.enqueue({.payload = i, .size = kMean, .flow = 0}, ms(i)) == decltype(queue)::Offer::dropped;
      if (i % 2 == 1) (void)queue.dequeue(ms(i));
    }
    EXPECT_EQ(dropped, queue.drops().packets);
    if (number == 0)
      EXPECT_GT(dropped, 100U);
    else
      EXPECT_EQ(dropped, 0U);
  }
}

TEST(Pie, DropsWhatDoesNotFit) {
  Pie<int, Fixed> queue(kMean, Fixed{0.999});
  using Offer = decltype(queue)::Offer;
  EXPECT_EQ(queue.enqueue({.payload = 0, .size = kMean + Bytes(1), .flow = 0}, ms(0)), Offer::dropped);
  EXPECT_EQ(queue.enqueue({.payload = 1, .size = kMean, .flow = 0}, ms(0)), Offer::taken);
  EXPECT_EQ(queue.enqueue({.payload = 2, .size = Bytes(1), .flow = 0}, ms(0)), Offer::dropped);
}

}  // namespace
}  // namespace millrace
