#include "sim/links/trace_schedule.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

constexpr Time at(std::int64_t s) { return Time::zero() + Duration::s(s); }

std::shared_ptr<const RateTrace> steps(TraceEnd end, Duration loop_from = {}) {
  return std::make_shared<const RateTrace>(
      RateTrace::make({{Duration::s(0), BitRate::mbit(10)}, {Duration::s(3), BitRate::mbit(40)}},
                      Duration::s(5), end, loop_from)
          .value());
}

// The changes that a follower of next_change() sees; a shaper is such a follower.
std::vector<std::pair<Time, BitRate>> followed(const RateSchedule& schedule, Time until) {
  std::vector<std::pair<Time, BitRate>> seen;
  for (Time t; t < until; t = schedule.next_change(t)) {
    if (seen.empty() || seen.back().second != schedule.rate_at(t)) seen.emplace_back(t, schedule.rate_at(t));
  }
  return seen;
}

using Changes = std::vector<std::pair<Time, BitRate>>;

TEST(TraceSchedule, ALoopComesBackToItsStart) {
  EXPECT_EQ(followed(TraceSchedule(steps(TraceEnd::loop)), at(9)), (Changes{{at(0), BitRate::mbit(10)},
                                                                            {at(3), BitRate::mbit(40)},
                                                                            {at(5), BitRate::mbit(10)},
                                                                            {at(8), BitRate::mbit(40)}}));
}

TEST(TraceSchedule, ALoopThatLeavesOutItsBeginningDoes) {
  EXPECT_EQ(followed(TraceSchedule(steps(TraceEnd::loop, Duration::s(2))), at(10)),
            (Changes{{at(0), BitRate::mbit(10)},
                     {at(3), BitRate::mbit(40)},
                     {at(5), BitRate::mbit(10)},
                     {at(6), BitRate::mbit(40)},
                     {at(8), BitRate::mbit(10)},
                     {at(9), BitRate::mbit(40)}}));
}

TEST(TraceSchedule, HoldKeepsTheLastRateAndOnceEndsInAnOutage) {
  EXPECT_EQ(followed(TraceSchedule(steps(TraceEnd::hold)), at(100)),
            (Changes{{at(0), BitRate::mbit(10)}, {at(3), BitRate::mbit(40)}}));
  EXPECT_EQ(followed(TraceSchedule(steps(TraceEnd::once)), at(100)),
            (Changes{{at(0), BitRate::mbit(10)}, {at(3), BitRate::mbit(40)}, {at(5), BitRate()}}));
}

TEST(TraceSchedule, AConstantRateNeverChanges) {
  const TraceSchedule schedule(std::make_shared<const RateTrace>(RateTrace::constant(BitRate::mbit(7))));
  EXPECT_EQ(schedule.rate_at(at(1000)), BitRate::mbit(7));
  EXPECT_EQ(schedule.next_change(at(1000)), Time::never());
}

TEST(TraceSchedule, ThePeakIsTheHighestStep) {
  EXPECT_EQ(peak_rate(*steps(TraceEnd::loop)), BitRate::mbit(40));
}

}  // namespace
}  // namespace millrace
