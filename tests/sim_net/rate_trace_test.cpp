#include "sim/net/rate_trace.hpp"

#include <gtest/gtest.h>

#include "runtime/base/random.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

Time ns(std::int64_t n) { return Time::zero() + Duration::ns(n); }

RateTrace trace(std::vector<RateStep> steps, Duration end, TraceEnd at_end) {
  return RateTrace::make(std::move(steps), end, at_end).value();
}

// 10 bit/s for 3 ns, nothing for 4 ns, 20 bit/s for 2 ns: 30 + 0 + 40 nanobits in 9 ns.
RateTrace little(TraceEnd at_end) {
  return trace(
      {{Duration::ns(0), BitRate(10)}, {Duration::ns(3), BitRate(0)}, {Duration::ns(7), BitRate(20)}},
      Duration::ns(9), at_end);
}

TEST(RateTrace, CumulativeCountsEveryNanobit) {
  const auto t = little(TraceEnd::loop);
  EXPECT_EQ(t.cumulative(ns(0)), 0);
  EXPECT_EQ(t.cumulative(ns(2)), 20);
  EXPECT_EQ(t.cumulative(ns(5)), 30);
  EXPECT_EQ(t.cumulative(ns(8)), 50);
  EXPECT_EQ(t.cumulative(ns(9)), 70);
  EXPECT_EQ(t.cumulative(ns(9 * 1000 + 5)), 70 * 1000 + 30);
}

TEST(RateTrace, HoldKeepsTheLastRate) {
  const auto t = little(TraceEnd::hold);
  EXPECT_EQ(t.cumulative(ns(100)), 70 + 20 * 91);
  EXPECT_EQ(t.when(70 + 20 * 91 - 19), ns(100));
  EXPECT_EQ(t.rate_at(ns(1'000'000)), BitRate(20));
}

TEST(RateTrace, WhenIsTheFirstInstantThatReachesTheTarget) {
  const auto t = little(TraceEnd::loop);
  EXPECT_EQ(t.when(0), ns(0));
  EXPECT_EQ(t.when(1), ns(1));
  EXPECT_EQ(t.when(30), ns(3));
  EXPECT_EQ(t.when(31), ns(8));
  EXPECT_EQ(t.when(70), ns(9));
  EXPECT_EQ(t.when(71), ns(10));
}

TEST(RateTrace, DepartureIsAtTheEndOfAnOutage) {
  const auto t = little(TraceEnd::loop);
  EXPECT_EQ(t.departure(0), ns(0));
  EXPECT_EQ(t.departure(20), ns(2));
  EXPECT_EQ(t.departure(30), ns(7));
}

// 10 bit/s for 3 ns, then repeatedly: 0 for 4 ns, 20 bit/s for 2 ns.
TEST(RateTrace, ALoopMayPlaySomethingOnceBefore) {
  const auto t =
      RateTrace::make(
          {{Duration::ns(0), BitRate(10)}, {Duration::ns(3), BitRate(0)}, {Duration::ns(7), BitRate(20)}},
          Duration::ns(9), TraceEnd::loop, Duration::ns(3))
          .value();
  EXPECT_EQ(t.cumulative(ns(9)), 70);
  EXPECT_EQ(t.cumulative(ns(13)), 70);
  EXPECT_EQ(t.cumulative(ns(14)), 90);
  EXPECT_EQ(t.cumulative(ns(15)), 110);
  EXPECT_EQ(t.cumulative(ns(9 + 6 * 1000)), 70 + 40 * 1000);
  EXPECT_EQ(t.rate_at(ns(10)), BitRate(0));
  EXPECT_EQ(t.rate_at(ns(14)), BitRate(20));
  EXPECT_EQ(t.when(70), ns(9));
  EXPECT_EQ(t.when(71), ns(14));
  EXPECT_EQ(t.when(110), ns(15));
  EXPECT_EQ(t.when(111), ns(20));
  for (std::int64_t at = 0; at < 100; ++at) EXPECT_LE(t.when(t.cumulative(ns(at))), ns(at));
}

TEST(RateTrace, AnOutageWithoutEndNeverReachesMore) {
  const auto dead = RateTrace::constant(BitRate(0));
  EXPECT_EQ(dead.when(0), Time::zero());
  EXPECT_FALSE(dead.when(1));
  EXPECT_FALSE(dead.departure(0));
  const auto silent = trace({{Duration{}, BitRate(0)}}, Duration::s(5), TraceEnd::loop);
  EXPECT_FALSE(silent.when(1));
  const auto ends =
      trace({{Duration{}, BitRate(10)}, {Duration::ns(3), BitRate(0)}}, Duration::ns(4), TraceEnd::hold);
  EXPECT_EQ(ends.when(30), ns(3));
  EXPECT_FALSE(ends.when(31));
}

TEST(RateTrace, FarFutureAndExtremesDoNotOverflow) {
  const auto fast = RateTrace::constant(BitRate(RateTrace::kMaxBitPerS));
  const Time far = RateTrace::kHorizon;
  EXPECT_EQ(fast.when(fast.cumulative(far)), far);
  EXPECT_FALSE(fast.when(fast.cumulative(far) + RateTrace::kMaxBitPerS));
  const auto slow = trace({{Duration{}, BitRate(1)}}, Duration::ns(1), TraceEnd::loop);
  EXPECT_EQ(slow.when(slow.cumulative(far)), far);
  EXPECT_FALSE(slow.when(fast.cumulative(far)));
  const auto loop = little(TraceEnd::loop);
  const Time round = ns(9 * (far.count_ns() / 9));
  EXPECT_EQ(loop.when(loop.cumulative(round)), round);
}

TEST(RateTrace, RefusesWhatIsNoTrace) {
  const auto message = [](std::vector<RateStep> steps, Duration end) {
    const auto made = RateTrace::make(std::move(steps), end, TraceEnd::loop);
    return made.ok() ? std::string("accepted") : made.error().message;
  };
  const RateStep start{Duration{}, BitRate(1)};
  EXPECT_EQ(message({}, Duration::s(1)), "a rate trace needs at least one step");
  EXPECT_EQ(message({{Duration::s(1), BitRate(1)}}, Duration::s(2)),
            "a rate trace must start at 0 s, got 1 s");
  EXPECT_EQ(message({start, {Duration::s(2), BitRate(1)}, {Duration::s(2), BitRate(3)}}, Duration::s(4)),
            "a rate trace must go forward in time, got 2 s after 2 s");
  EXPECT_EQ(message({start}, Duration{}), "a rate trace must end after its last step at 0 s, got 0 s");
  EXPECT_EQ(message({{Duration{}, BitRate(-3)}}, Duration::s(1)),
            "a rate trace has rates from 0 to 1000 Tbit/s, got -3 bit/s");
  EXPECT_EQ(message({start}, Duration::s(2'000'000'000)), "a rate trace may last 1e+09 s, got 2e+09 s");
}

// Oracle: adds up nanosecond by nanosecond.
TEST(RateTrace, AgreesWithCountingNanoseconds) {
  const std::uint64_t seed = test_seed();
  Random random(seed, "rate trace");
  for (int round = 0; round < 300; ++round) {
    std::vector<RateStep> steps;
    std::int64_t at = 0;
    const auto count = 1 + random.below(6);
    for (std::uint64_t i = 0; i < count; ++i, at += 1 + std::int64_t(random.below(9)))
      steps.push_back(
          {Duration::ns(at), BitRate(std::int64_t(random.below(4)) * std::int64_t(random.below(50)))});
    const TraceEnd at_end = random.below(2) == 0 ? TraceEnd::loop : TraceEnd::hold;
    const auto t = trace(steps, Duration::ns(at), at_end);
    Nanobits sum = 0;
    for (std::int64_t now = 0; now < 100; ++now) {
      ASSERT_EQ(t.cumulative(ns(now)), sum) << "seed " << seed << " round " << round << " at " << now;
      const std::int64_t within = at_end == TraceEnd::loop ? now % at : now;
      std::size_t i = steps.size() - 1;
      while (steps[i].from > Duration::ns(within)) --i;
      const auto rate = steps[i].rate.bit_per_s();
      ASSERT_EQ(t.rate_at(ns(now)).bit_per_s(), rate);
      if (rate > 0) {
        ASSERT_EQ(t.when(sum + 1), ns(now + 1)) << "seed " << seed << " round " << round;
        ASSERT_EQ(t.when(sum + rate), ns(now + 1)) << "seed " << seed << " round " << round;
        ASSERT_EQ(t.departure(sum), ns(now)) << "seed " << seed << " round " << round;
      }
      sum += rate;
    }
  }
}

}  // namespace
}  // namespace millrace
