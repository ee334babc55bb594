#include "sim/queue/codel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Bytes kMtu(1500), kMany(15'000);
constexpr Duration kLong = Duration::ms(50), kShort = Duration::ms(4);

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }

// A link that takes a packet every millisecond. An interval is 97,656 of Linux's units of 1024 ns and a
// quarter of one, and a drop comes later than it: after 100 ms or 101 ms, as the units lie.
struct Link {
  CodelControl control{kMtu};
  std::int64_t now = 0;

  // Packets dropped at that millisecond, of those that have waited for so long, until one leaves.
  int dequeue(Duration waited, Bytes behind = kMany) {
    control.begin(ms(now));
    int drops = 0;
    while (control.drops(ms(now) - waited, behind)) ++drops;
    return drops;
  }
  // The milliseconds at which packets were dropped, until `end`.
  std::vector<std::int64_t> drops_until(std::int64_t end, Duration waited, Bytes behind = kMany) {
    std::vector<std::int64_t> drops;
    for (; now < end; ++now)
      for (int i = dequeue(waited, behind); i > 0; --i) drops.push_back(now);
    return drops;
  }
};

// The first drop comes after 100 ms above the target. Then the gaps are 100 ms times 1, 1/2, 0.5625, 0.4878,
// 0.4415, 0.4082 … : x(3 - n x²)/2 from 1, Newton's way to 1/sqrt(n). Linux's units of 1024 ns are a few
// microseconds short of the gaps; the link sees them at the next millisecond.
TEST(CodelControl, DropsAtIntervalsThatShortenWithTheRootOfTheirNumber) {
  Link link;
  EXPECT_THAT(link.drops_until(480, kLong), ElementsAre(101, 201, 251, 308, 357, 401, 441, 479));
}

// RFC 8289, 5.6: 100 ms / sqrt(n). Newton's way is there within one percent after the sixth drop.
TEST(CodelControl, TheGapsAreThoseOfTheDocumentAfterAFewDrops) {
  Link link;
  const auto drops = link.drops_until(20'000, kLong);
  ASSERT_GT(drops.size(), 5000U);
  double expected = 0;
  for (std::size_t n = 7; n < 5000; ++n) {
    expected += 100 / std::sqrt(static_cast<double>(n));
    EXPECT_NEAR(static_cast<double>(drops[n] - drops[6]), expected, 1.1 + 0.01 * expected) << n;
  }
}

TEST(CodelControl, NewtonsStepReachesTheInverseRoot) {
  std::uint16_t root = 0xFFFF;
  for (std::uint32_t count = 2; count < 100'000; ++count) {
    root = CodelControl::newton_step(root, count);
    const double exact = 65'536 / std::sqrt(static_cast<double>(count));
    if (count < 7) continue;
    ASSERT_NEAR(root, exact, 0.01 * exact + 1) << count;
  }
}

TEST(CodelControl, DropsNothingThatWaitsForLessThanTheTarget) {
  Link link;
  EXPECT_THAT(link.drops_until(10'000, kShort), IsEmpty());
}

// Linux's units make the target 4882 * 1024 ns.
TEST(CodelControl, TheTargetIsFiveMilliseconds) {
  Link below, above;
  EXPECT_THAT(below.drops_until(10'000, Duration::us(4'998)), IsEmpty());
  EXPECT_FALSE(above.drops_until(10'000, Duration::us(5'000)).empty());
}

// RFC 8289, 5.6: where no more than a full packet waits, the link itself is slow.
TEST(CodelControl, DropsNothingWhereOneFullPacketWaits) {
  Link one, more;
  EXPECT_THAT(one.drops_until(10'000, kLong, kMtu), IsEmpty());
  EXPECT_FALSE(more.drops_until(10'000, kLong, kMtu + Bytes(1)).empty());
}

TEST(CodelControl, OnePacketThatWaitedForLessBeginsTheIntervalAnew) {
  Link link;
  EXPECT_THAT(link.drops_until(100, kLong), IsEmpty());
  EXPECT_THAT(link.drops_until(101, kShort), IsEmpty());
  EXPECT_THAT(link.drops_until(202, kLong), ElementsAre(201));
}

TEST(CodelControl, OnePacketThatWaitedForLessEndsTheDropping) {
  Link link;
  EXPECT_THAT(link.drops_until(202, kLong), ElementsAre(101, 201));
  EXPECT_THAT(link.drops_until(203, kShort), IsEmpty());
  // Another interval, and a single drop before the next gap of 100 ms.
  EXPECT_THAT(link.drops_until(404, kLong), ElementsAre(304));
}

// Dropping that begins again within 16 intervals of its last drop begins with the number of drops of the last
// time; 12 drops less the one that it began with: 11. One step of Newton's from 1/sqrt(12) to 1/sqrt(11)
// leaves a gap of 30 ms.
TEST(CodelControl, GoesOnWhereItLeftOffWhenTheQueueComesBackSoon) {
  for (const std::int64_t pause : {1, 1400}) {
    Link link;
    const auto drops = link.drops_until(612, kLong);
    ASSERT_EQ(drops.size(), 12U);
    (void)link.drops_until(612 + pause, kShort);
    const std::int64_t again = link.now + 100;
    EXPECT_THAT(link.drops_until(again + 50, kLong), ElementsAre(again, again + 31));
  }
}

TEST(CodelControl, BeginsAnewWhenTheQueueComesBackLate) {
  Link link;
  ASSERT_EQ(link.drops_until(612, kLong).size(), 12U);
  (void)link.drops_until(612 + 1600, kShort);
  const std::int64_t again = link.now + 101;
  EXPECT_THAT(link.drops_until(again + 101, kLong), ElementsAre(again, again + 100));
}

// 98,632 units have passed at 101 ms, and the gap is 97,656 times 65,535 / 65,536.
TEST(CodelControl, ADropIsDueInItsUnitAndNotBefore) {
  Link link;
  EXPECT_THAT(link.drops_until(102, kLong), ElementsAre(101));
  for (const auto& [unit, drops] : {std::pair(98'632 + 97'653, false), {98'632 + 97'654, true}}) {
    const Time now = Time::at_ns(1024 * std::int64_t{unit});
    link.control.begin(now);
    EXPECT_EQ(link.control.drops(now - kLong, kMany), drops) << unit;
  }
}

TEST(CodelControl, AnEmptyQueueBeginsTheIntervalAnew) {
  Link link;
  EXPECT_THAT(link.drops_until(60, kLong), IsEmpty());
  link.control.begin(ms(60));
  link.control.empty();
  EXPECT_THAT(link.drops_until(200, kLong), ElementsAre(160));
}

// A link that comes back after an outage has many drops to make up for: all in one dequeue.
TEST(CodelControl, ADequeueMakesUpForAllDropsThatAreDue) {
  Link link;
  (void)link.drops_until(102, kLong);
  link.now = 1000;
  // 899 ms later: gaps of 100, 50, 56, 49, 44, … ms; as many as the link that was not interrupted.
  Link uninterrupted;
  const auto drops = uninterrupted.drops_until(1001, kLong);
  EXPECT_EQ(link.dequeue(kLong), static_cast<int>(drops.size()) - 1);
}

TEST(CodelControl, ThePacketAfterTheFirstDropLeavesHoweverLongItWaited) {
  Link link;
  (void)link.drops_until(1, kLong);
  link.now = 100'000;
  EXPECT_EQ(link.dequeue(kLong), 1);
}

TEST(Codel, AQueueThatRunsEmptyStopsDropping) {
  Codel<int> queue(Bytes::kib(64), kMtu);
  const auto offer = [&](Time at) { (void)queue.enqueue({.payload = 0, .size = kMtu, .flow = 0}, at); };
  for (int i = 0; i < 30; ++i) offer(ms(0));
  // Late from 6 ms on; at 107 ms the first drop.
  (void)queue.dequeue(ms(6));
  (void)queue.dequeue(ms(107));
  EXPECT_EQ(queue.drops().packets, 1U);
  while (queue.dequeue(ms(108))) {
  }
  EXPECT_EQ(queue.drops().packets, 1U);
  // A new standing queue has to stand for an interval again.
  for (int i = 0; i < 30; ++i) offer(ms(200));
  (void)queue.dequeue(ms(206));
  (void)queue.dequeue(ms(300));
  EXPECT_EQ(queue.drops().packets, 1U);
  (void)queue.dequeue(ms(307));
  EXPECT_EQ(queue.drops().packets, 2U);
}

TEST(Codel, DropsWhatDoesNotFit) {
  Codel<int> queue(kMtu * 2, kMtu);
  using Offer = Codel<int>::Offer;
  EXPECT_EQ(queue.enqueue({.payload = 0, .size = kMtu, .flow = 0}, ms(0)), Offer::taken);
  EXPECT_EQ(queue.enqueue({.payload = 1, .size = kMtu + Bytes(1), .flow = 0}, ms(0)), Offer::dropped);
  EXPECT_EQ(queue.enqueue({.payload = 2, .size = kMtu, .flow = 0}, ms(0)), Offer::taken);
  EXPECT_EQ(queue.enqueue({.payload = 3, .size = Bytes(1), .flow = 0}, ms(0)), Offer::dropped);
  EXPECT_EQ(queue.drops().bytes, kMtu + Bytes(2));
}

}  // namespace
}  // namespace millrace
