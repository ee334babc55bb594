#include "runtime/policy/target_share.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/base/random.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

Time ms(double n) { return Time::zero() + Duration::from_seconds(n * 1e-3); }

constexpr double kTarget = 40;  // 4 images: a period of 100 ms

struct Arrival {
  double at_ms = 0;
  std::uint32_t images = 4;
};

TargetShare share_of(const std::vector<Arrival>& arrivals, double target = kTarget) {
  TargetShare share(target);
  for (const auto& arrival : arrivals) share.arrive(ms(arrival.at_ms), arrival.images);
  return share;
}

std::vector<Arrival> steady(int count, double fill_ms, double every_ms) {
  std::vector<Arrival> all;
  for (int i = 0; i < count; ++i) all.push_back({fill_ms + i * every_ms});
  return all;
}

TEST(TargetShare, IsNothingWithoutATargetOrBeyondTheStock) {
  EXPECT_EQ(share_of(steady(100, 0, 10), 0).share(), std::nullopt);
  for (const int few : {0, 1, 2, 3}) {
    // The case behind this rule: one microbatch in 3 s at a target of 100,000 images/s counted as "100 %".
    const auto share = share_of(steady(few, 3000, 3000), 100'000);
    EXPECT_EQ(share.share(), std::nullopt) << few;
    EXPECT_EQ(share.judged(), 0U);
  }
  EXPECT_EQ(share_of(steady(4, 3000, 3000), 100'000).share(), 0.0);
}

TEST(TargetShare, IsOneAtTheRateHoweverThePipelineFills) {
  for (const double fill : {0.0, 100.0, 250.0, 400.0}) {
    const auto share = share_of(steady(50, fill, 100));
    EXPECT_EQ(share.judged(), 47U);
    EXPECT_DOUBLE_EQ(*share.share(), 1) << fill;
  }
  EXPECT_DOUBLE_EQ(*share_of(steady(50, 300, 20)).share(), 1) << "faster than asked for";
}

// A closed loop faster than the target makes up for any fill of the pipeline; one at the target does not.
TEST(TargetShare, ALongFillIsWhatWasAskedForAndDidNotCome) {
  EXPECT_DOUBLE_EQ(*share_of(steady(50, 2400, 100)).share(), 47.0 / 67);  // 73 periods less 6
  EXPECT_DOUBLE_EQ(*share_of(steady(50, 2400, 10)).share(), 1);
  EXPECT_NEAR(*share_of(steady(5000, 2400, 100)).share(), 1, 0.005);
}

TEST(TargetShare, AnOutageCountsWithAllThatWasDueInIt) {
  auto arrivals = steady(50, 100, 100);  // until 5000; stock until 5300
  for (int i = 0; i < 50; ++i) arrivals.push_back({25'000.0 + i});
  // The wait from 5300 on is 19.7 s or 197 periods. Of the 50 that then came together, one was late.
  EXPECT_NEAR(*share_of(arrivals).share(), (47.0 + 49) / (97 + 197), 1e-12);
}

TEST(TargetShare, SlightlyTooSlowIsLateOnceTheStockIsUsedUp) {
  // Each microbatch takes 2 % longer than a period: a stock of two periods lasts for 100 microbatches.
  const auto late = share_of(steady(1000, 100, 102));
  EXPECT_NEAR(*late.share(), 0.1, 0.01);
  const auto soon = share_of(steady(90, 100, 102));
  EXPECT_DOUBLE_EQ(*soon.share(), 1);
}

TEST(TargetShare, AMicrobatchCountsByItsImages) {
  auto arrivals = steady(5, 100, 100);
  arrivals.push_back({3000, 1});  // due at 800: a wait of 22 periods
  EXPECT_DOUBLE_EQ(*share_of(arrivals).share(), 2.0 / (2.25 + 22));
  EXPECT_EQ(share_of(arrivals).judged(), 3U);
}

TEST(TargetShare, AFailedRunWaitsUntilItsEnd) {
  auto share = share_of(steady(10, 100, 100));
  EXPECT_DOUBLE_EQ(*share.share(), 1);
  share.close(ms(11'300));  // stock until 1300
  EXPECT_DOUBLE_EQ(*share.share(), 7.0 / 107);
}

// share <= (x m - 3) / (m - 6), and so at most x where x <= 1/2, for any arrivals.
TEST(TargetShare, IsBoundedByTheRateForAnyArrivals) {
  Random random(test_seed(), "target share");
  SCOPED_TRACE(testing::Message() << "MILLRACE_TEST_SEED=" << test_seed());
  for (int run = 0; run < 20'000; ++run) {
    TargetShare share(kTarget);
    const int count = 4 + static_cast<int>(random.below(60));
    const double mean_ms = 100 * std::pow(10, 3 * random.uniform() - 1);  // 10 to 0.1 of the target
    const double burst = random.uniform();
    double at_ms = random.uniform() < 0.3 ? 5000 * random.uniform() : 0;
    for (int i = 0; i < count; ++i) {
      if (random.uniform() > burst) at_ms += -mean_ms / (1.001 - burst) * std::log(1 - random.uniform());
      share.arrive(ms(at_ms), 4);
    }
    const double m = ms(at_ms).since_start().seconds() / 0.1;
    const double x = count / std::max(m, 1e-9);
    ASSERT_TRUE(share.share().has_value());
    ASSERT_GE(*share.share(), 0);
    ASSERT_LE(*share.share(), 1);
    const double most = m > 6 ? (x * m - 3) / (m - 6) : 1;
    ASSERT_LE(*share.share(), most * (1 + 1e-9) + 1e-12) << count << " in " << m << " periods";
    ASSERT_LE(*share.share(), x <= 0.5 ? x : 1) << count << " in " << m << " periods";
    const auto [low, high] = share.interval_95();
    ASSERT_LE(low, *share.share() + 0.5 / static_cast<double>(share.judged()));
    ASSERT_GE(high, *share.share() - 0.5 / static_cast<double>(share.judged()));
  }
}

TEST(TargetShare, TellsSomethingFromNineteenMicrobatchesOn) {
  EXPECT_EQ(TargetShare::least_microbatches(), 19U);
  EXPECT_FALSE(share_of(steady(18, 100, 100)).tells());
  EXPECT_TRUE(share_of(steady(19, 100, 100)).tells());
}

}  // namespace
}  // namespace millrace
