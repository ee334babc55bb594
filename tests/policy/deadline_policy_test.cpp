#include "runtime/policy/deadline_policy.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/base/random.hpp"
#include "tests/policy/samples.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

// At 100 images/s a microbatch of 10 images has 0.1 s; on 60 Mbit/s that is 6 bits for each of 1,000,000
// values.
class Deadline : public testing::Test {
 protected:
  std::vector<double> send(int count, double mbit_per_s) {
    std::vector<double> bits;
    for (int i = 0; i < count; ++i) bits.push_back(link_.send(mbit_per_s));
    return bits;
  }
  DeadlineQuantization policy_{100};
  SteadyLink link_{policy_};
};

TEST_F(Deadline, SettlesAtWhatASteadyLinkCarries) {
  send(30, 60);
  for (const double bits : send(50, 60)) EXPECT_NEAR(bits, 6, 0.06);
  EXPECT_LT(link_.behind_s(), 0.2) << "at most the stock without its reserve waits";
}

TEST_F(Deadline, ComesToRestWithoutSwinging) {
  std::vector<double> bits = send(200, 60);
  double largest_step = 0;
  for (std::size_t i = 40; i < bits.size(); ++i)
    largest_step = std::max(largest_step, std::abs(bits[i] - bits[i - 1]));
  EXPECT_LT(largest_step, 0.01);
}

TEST_F(Deadline, FallsWithinThreeMicrobatchesWhenTheLinkDoes) {
  send(50, 60);
  const auto after = send(12, 30);
  // The first is chosen before the fall can be noticed; then its acknowledgement is overdue.
  for (std::size_t i = 3; i < after.size(); ++i) EXPECT_LT(after[i], 3.1) << i;
  send(80, 30);
  for (const double bits : send(20, 30)) EXPECT_NEAR(bits, 3, 0.05);
  EXPECT_LT(link_.behind_s(), 0.25) << "the queue of the fall has been worked off";
}

TEST_F(Deadline, AnAcknowledgementThatDoesNotComeLowersTheBudget) {
  send(50, 60);
  const double before = link_.send(1e-3);  // an outage begins: no acknowledgements from now on
  double last = before;
  for (int i = 0; i < 8; ++i) last = link_.send(1e-3);
  EXPECT_NEAR(before, 6, 0.1);
  EXPECT_EQ(last, 2);
}

TEST_F(Deadline, RisesAgainWithoutAWindow) {
  send(50, 30);
  const auto after = send(12, 60);
  EXPECT_NEAR(after[8], 6, 0.6);
  EXPECT_GT(after[4], 3.5);
}

TEST_F(Deadline, FindsOutThatALinkHasBecomeUnlimited) {
  send(50, 30);
  EXPECT_EQ(send(15, 1e6).back(), 32);
}

TEST_F(Deadline, WorksWithCodecsOfWholeWidths) {
  link_.step = 1;
  link_.values = 1'100'000;  // 5.45 bits fit
  send(30, 60);
  double widths = 0;
  const auto bits = send(110, 60);
  for (const double each : bits) widths += std::floor(each);
  EXPECT_NEAR(widths / 110, 60 / 11., 0.15) << "5 and 6 in turn, with the mean that fits";
  for (const double each : bits) EXPECT_TRUE(each >= 5 && each < 7) << each;
}

TEST_F(Deadline, CountsTheEncodersTime) {
  Outgoing quick = outgoing(1'000'000), slow = quick;
  slow.encode = Duration::ms(150);
  DeadlineQuantization other(100);
  for (auto* policy : {&policy_, &other}) policy->observe(sample({0, 100, 750'000, 1'000'000}));
  EXPECT_GT(policy_.choose(at_ms(100), quick).bits_per_value,
            other.choose(at_ms(100), slow).bits_per_value + 1);
}

TEST_F(Deadline, WhatWaitsAheadLeavesLess) {
  Outgoing empty = outgoing(1'000'000), queued = empty;
  queued.waiting = empty.waiting = 1;
  queued.sender = {.in_flight = 2,
                   .in_flight_size = Bytes(1'500'000),
                   .oldest_sent = at_ms(100),
                   .ready = 2,
                   .ready_size = Bytes(1'500'000)};
  DeadlineQuantization other(100);
  for (auto* policy : {&policy_, &other}) policy->observe(sample({0, 100, 750'000, 1'000'000}));
  EXPECT_LT(other.choose(at_ms(100), queued).bits_per_value,
            policy_.choose(at_ms(100), empty).bits_per_value / 2);
}

// A long path: more than one microbatch is under way, and the latency must not be mistaken for a low rate.
TEST_F(Deadline, ALongPathIsNotASlowOne) {
  link_.latency_s = 0.15;
  send(60, 60);
  for (const double bits : send(30, 60)) EXPECT_NEAR(bits, 6, 0.3);
}

TEST_F(Deadline, MeetsTheTargetOnALinkThatWandersAndUsesMostOfIt) {
  Random random(test_seed(), "deadline");
  SCOPED_TRACE(testing::Message() << "MILLRACE_TEST_SEED=" << test_seed());
  double level = 0, spent = 0, offered = 0;
  int late = 0;
  PacedConsumer consumer;
  for (int i = 0; i < 2000; ++i) {
    level = 0.95 * level + 0.1 * random.normal();
    const double mbit_per_s = 60 * std::exp(level);
    spent += link_.send(mbit_per_s);
    offered += mbit_per_s / 10;
    late += consumer.arrive(at_ms(link_.free_s * 1e3), Duration::ms(100)) > Duration{} ? 1 : 0;
  }
  EXPECT_LT(late, 2000 * 0.05);
  EXPECT_GT(spent, 0.9 * offered);
}

TEST(APacedConsumer, WaitsForWhatIsLateAndForgivesWhatIsUneven) {
  PacedConsumer consumer;
  const auto arrive = [&](double ms) { return consumer.arrive(at_ms(ms), Duration::ms(100)).milliseconds(); };
  EXPECT_EQ(arrive(0), 0) << "the first is never late; two more would be in stock";
  EXPECT_EQ(arrive(250), 0) << "the stock lasts until 300";
  EXPECT_EQ(arrive(420), 20) << "the stock lasted until 400";
  EXPECT_EQ(arrive(520), 0) << "the wait has put everything off by 20 ms";
  EXPECT_EQ(arrive(621), 1);
  EXPECT_EQ(consumer.behind(), Duration::ms(21));
}

TEST(APacedConsumer, KeepsNoMoreThanItsStock) {
  PacedConsumer consumer;
  for (int i = 0; i < 50; ++i) consumer.arrive(at_ms(1), Duration::ms(100));
  EXPECT_EQ(consumer.empty_at(), at_ms(301)) << "three microbatches";
}

TEST(APacedConsumer, WhatComesTooEarlyMakesUpForWaits) {
  PacedConsumer consumer;
  consumer.arrive(at_ms(0), Duration::ms(100));
  consumer.arrive(at_ms(1000), Duration::ms(100));  // 700 late
  EXPECT_EQ(consumer.behind(), Duration::ms(700));
  for (int i = 1; i <= 5; ++i) consumer.arrive(at_ms(1000 + i), Duration::ms(100));
  EXPECT_EQ(consumer.behind(), Duration::ms(700 - 295)) << "five came, a stock of three and 5 ms had room";
  consumer.forgive();
  EXPECT_EQ(consumer.behind(), Duration{});
}

}  // namespace
}  // namespace millrace
