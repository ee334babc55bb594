#include "sim/net/delivery_schedule.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }

DeliverySchedule schedule(std::vector<std::uint64_t> milliseconds) {
  return DeliverySchedule::make(std::move(milliseconds)).value();
}

TEST(DeliverySchedule, PeriodIsTheLastValue) {
  const auto s = schedule({0, 3, 3, 10});
  EXPECT_EQ(s.period(), Duration::ms(10));
  EXPECT_EQ(s.at(0), ms(0));
  EXPECT_EQ(s.at(2), ms(3));
  EXPECT_EQ(s.at(3), ms(10));
  EXPECT_EQ(s.at(4), ms(10));  // the 0 of the next round
  EXPECT_EQ(s.at(5), ms(13));
  EXPECT_EQ(s.at(4 * 1000 + 3), ms(10'010));
}

TEST(DeliverySchedule, AnOpportunityAtTheInstantIsMissed) {
  const auto s = schedule({0, 3, 3, 10});
  EXPECT_EQ(s.first_after(ms(0)), 1U);
  EXPECT_EQ(s.first_after(ms(3) - Duration::ns(1)), 1U);
  EXPECT_EQ(s.first_after(ms(3)), 3U);
  EXPECT_EQ(s.first_after(ms(10) - Duration::ns(1)), 3U);
  EXPECT_EQ(s.first_after(ms(10)), 5U);
  EXPECT_EQ(s.first_after(ms(10'000)), 4U * 1000 + 1);
}

TEST(DeliverySchedule, AsARateItHasTheSameCapacityAtWholeMilliseconds) {
  const auto s = schedule({2, 3, 3, 10});
  const RateTrace& rate = *s.rate_trace();
  const auto opportunities = [&](Time t) {
    return rate.cumulative(t) / nanobits(DeliverySchedule::kOpportunityPayload);
  };
  EXPECT_EQ(opportunities(ms(1)), 0);
  EXPECT_EQ(opportunities(ms(2)), 1);
  EXPECT_EQ(opportunities(ms(3)), 3);
  EXPECT_EQ(opportunities(ms(9)), 3);
  EXPECT_EQ(opportunities(ms(10)), 4);
  EXPECT_EQ(opportunities(ms(10'013)), 4007);
  EXPECT_EQ(rate.duration(), s.period());
}

TEST(DeliverySchedule, OpportunitiesAtZeroComeWithTheLastMillisecond) {
  const auto s = schedule({0, 0, 4});
  EXPECT_EQ(s.rate_trace()->rate_at(ms(3)), BitRate::mbit(36));
  EXPECT_EQ(s.rate_trace()->rate_at(ms(2)), BitRate(0));
}

TEST(DeliverySchedule, RefusesWhatIsNoSchedule) {
  EXPECT_FALSE(DeliverySchedule::make({}).ok());
  EXPECT_FALSE(DeliverySchedule::make({0, 0}).ok());
  EXPECT_FALSE(DeliverySchedule::make({3, 2, 5}).ok());
  EXPECT_FALSE(DeliverySchedule::make({DeliverySchedule::kMaxPeriodMs + 1}).ok());
}

}  // namespace
}  // namespace millrace
