#include "sim/net/link_server.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

Time us(std::int64_t n) { return Time::zero() + Duration::us(n); }
Time ms(std::int64_t n) { return us(1000 * n); }

LinkRate steps(std::vector<RateStep> list, Duration end) {
  return std::make_shared<const RateTrace>(RateTrace::make(std::move(list), end, TraceEnd::hold).value());
}
LinkRate opportunities(std::vector<std::uint64_t> list) {
  return std::make_shared<const DeliverySchedule>(DeliverySchedule::make(std::move(list)).value());
}

TEST(LinkServer, AConstantRateTakesSizeOverRate) {
  LinkServer link(BitRate::mbit(12));
  const auto first = link.serve(ms(5), Bytes(1500));
  EXPECT_EQ(first.first, ms(5));
  EXPECT_EQ(first.last, ms(6));
  EXPECT_EQ(link.serve(ms(5), Bytes(750)).last, us(6500));
}

TEST(LinkServer, RoundingDoesNotAddUp) {
  LinkServer link(BitRate(3));  // a byte takes 8/3 s
  Time now;
  for (int i = 1; i <= 3000; ++i) now = *link.serve(Time::zero(), Bytes(1)).last;
  EXPECT_EQ(now, Time::zero() + Duration::s(8000));
}

TEST(LinkServer, FinishSpansSteps) {
  // 12 Mbit/s up to 1 ms, then 6: of 12,000 bit 6,000 leave in the first half ms, the rest takes a whole one.
  LinkServer link(
      steps({{Duration{}, BitRate::mbit(12)}, {Duration::ms(1), BitRate::mbit(6)}}, Duration::s(1)));
  const auto service = link.serve(us(500), Bytes(1500));
  EXPECT_EQ(service.first, us(500));
  EXPECT_EQ(service.last, ms(2));
}

TEST(LinkServer, AnOutageInMidPacketIsWaitedFor) {
  LinkServer link(steps(
      {{Duration{}, BitRate::mbit(12)}, {Duration::ms(1), BitRate(0)}, {Duration::ms(7), BitRate::mbit(12)}},
      Duration::s(1)));
  EXPECT_EQ(link.serve(us(500), Bytes(1500)).last, us(7500));
  const auto next = link.serve(us(600), Bytes(1500));
  EXPECT_EQ(next.first, us(7500));
  EXPECT_EQ(next.last, us(8500));
}

TEST(LinkServer, InAnOutageTheFirstBitWaits) {
  LinkServer link(steps({{Duration{}, BitRate(0)}, {Duration::ms(7), BitRate::mbit(12)}}, Duration::s(1)));
  const auto service = link.serve(ms(2), Bytes(1500));
  EXPECT_EQ(service.first, ms(7));
  EXPECT_EQ(service.last, ms(8));
}

TEST(LinkServer, BehindAnOutageWithoutEndNothingLeaves) {
  LinkServer link(steps({{Duration{}, BitRate::mbit(12)}, {Duration::ms(1), BitRate(0)}}, Duration::ms(2)));
  EXPECT_FALSE(link.serve(us(500), Bytes(1500)).last);
  EXPECT_FALSE(link.serve(us(500), Bytes(1)).last);
}

TEST(LinkServer, AFullPacketTakesOneOpportunity) {
  LinkServer link(opportunities({2, 3, 10}));
  EXPECT_EQ(link.serve(us(500), Bytes(1500)).last, ms(2));
  EXPECT_EQ(link.serve(us(500), Bytes(1500)).last, ms(3));
  EXPECT_EQ(link.serve(us(500), Bytes(1500)).last, ms(10));
}

TEST(LinkServer, SmallPacketsShareAnOpportunity) {
  LinkServer link(opportunities({2, 3, 10}));
  // 3 times 500 + 4 bytes do not fit 1504: the third straddles the next opportunity.
  EXPECT_EQ(link.serve(us(500), Bytes(500)).last, ms(2));
  EXPECT_EQ(link.serve(us(500), Bytes(500)).last, ms(2));
  const auto third = link.serve(us(500), Bytes(500));
  EXPECT_EQ(third.first, ms(2));
  EXPECT_EQ(third.last, ms(3));
  // 1504 - 8 bytes of the second opportunity are left.
  EXPECT_EQ(link.serve(us(500), Bytes(1492)).last, ms(3));
  EXPECT_EQ(link.serve(us(500), Bytes(1)).last, ms(10));
}

TEST(LinkServer, UnusedOpportunitiesAreLost) {
  LinkServer link(opportunities({2, 3, 10}));
  EXPECT_EQ(link.serve(us(500), Bytes(500)).last, ms(2));
  // The packet comes after the rest of the opportunity at 2 ms has passed unused, at the instant of the next
  // one.
  EXPECT_EQ(link.serve(ms(3), Bytes(500)).last, ms(10));
}

TEST(LinkServer, APacketLargerThanAnOpportunityTakesSeveral) {
  LinkServer link(opportunities({2, 3, 3, 3, 10}));
  const auto service = link.serve(us(500), Bytes(3 * 1504 - 4));
  EXPECT_EQ(service.first, ms(2));
  EXPECT_EQ(service.last, ms(3));
  EXPECT_EQ(link.serve(us(500), Bytes(1500)).last, ms(3));
  EXPECT_EQ(link.serve(us(500), Bytes(1500)).last, ms(10));
}

}  // namespace
}  // namespace millrace
