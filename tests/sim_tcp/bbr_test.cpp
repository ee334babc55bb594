#include "sim/tcp/bbr.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <set>

namespace millrace {
namespace {

using State = DeliverySample::State;

constexpr double kHigh = 2.885;  // 2 / ln 2
constexpr double kShare = 0.99;  // Linux paces one percent below the estimate

// BBR, and samples made by hand. The round trip is 100 ms.
struct Sender {
  Bbr bbr;
  Time now;
  double delivered = 0;

  explicit Sender(std::uint64_t seed = 1) : bbr(Random(seed, "bbr")) {}

  // The only acknowledgement of a round trip that delivered packets at this rate (packets per second).
  DeliverySample sample(double rate, double in_flight = 1e6) {
    DeliverySample sample;
    now = now + Duration::ms(100);
    sample.delivered_before = delivered;
    delivered += rate * 0.1;
    sample.now = now;
    sample.acknowledged = sample.sample = rate * 0.1;
    sample.delivered = delivered;
    sample.in_flight = sample.in_flight_before = in_flight;
    sample.interval = sample.rtt = Duration::ms(100);
    return sample;
  }
  void round(double rate, double in_flight = 1e6) { bbr.acknowledged(sample(rate, in_flight)); }
  void rounds(std::initializer_list<double> rates) {
    for (const double rate : rates) round(rate);
  }
  void limited_round(double rate) {
    auto limited = sample(rate);
    limited.application_limited = true;
    bbr.acknowledged(limited);
  }
  double pacing() const { return bbr.pacing().value_or(0); }
  // A sender that begins to send again paces at exactly the estimate.
  double bandwidth() const {
    auto copy = bbr;
    copy.sends_again(now);
    return copy.pacing().value_or(0) / kShare;
  }
};

// In the phase in which it probes for bandwidth. In flight is the product of rate and round trip.
Sender settled(double rate, std::uint64_t seed = 1) {
  Sender s(seed);
  s.rounds({rate, rate, rate, rate});
  for (int i = 0; i < 5; ++i) s.round(rate, rate * 0.1);
  return s;
}

TEST(Bbr, StartupPacesAtTwiceTheRateOverLnTwo) {
  Sender s;
  EXPECT_EQ(s.bbr.window(), 10);
  EXPECT_FALSE(s.bbr.pacing());
  s.round(100);
  EXPECT_NEAR(s.pacing(), 100 * kHigh * kShare, 0.01);
  EXPECT_EQ(s.bbr.window(), 20);  // each packet that arrives adds one
  s.round(200);
  EXPECT_NEAR(s.pacing(), 200 * kHigh * kShare, 0.01);
  EXPECT_EQ(s.bbr.window(), 40);
}

TEST(Bbr, StartupNeverPacesMoreSlowly) {
  Sender s;
  s.rounds({100, 200, 400});
  for (int i = 0; i < 2; ++i) s.round(10);
  EXPECT_NEAR(s.pacing(), 400 * kHigh * kShare, 0.01);
}

TEST(Bbr, StartupEndsAfterThreeRoundsWithoutAQuarterMore) {
  Sender s;
  s.rounds({100, 200, 400, 499, 499});
  EXPECT_GT(s.pacing(), 499);
  s.round(499);
  EXPECT_NEAR(s.pacing(), 499 / kHigh * kShare, 0.01);  // it drains what startup has queued
}

TEST(Bbr, AQuarterMoreLetsStartupGoOn) {
  Sender s;
  s.rounds({100, 200, 400, 499, 499, 500});  // 500 = 1.25 * 400
  EXPECT_GT(s.pacing(), 500);
  s.rounds({500, 500});
  EXPECT_GT(s.pacing(), 500);
  s.round(500);
  EXPECT_LT(s.pacing(), 500);
}

TEST(Bbr, RoundsWithoutEnoughDataDoNotEndStartup) {
  Sender s;
  s.rounds({100, 200, 400});
  for (int i = 0; i < 20; ++i) s.limited_round(50);
  EXPECT_NEAR(s.pacing(), 400 * kHigh * kShare, 0.01);
  for (int i = 0; i < 90; ++i) s.limited_round(50);
  EXPECT_TRUE(s.bbr.probes_rtt());  // which does not slow startup down either
  EXPECT_NEAR(s.pacing(), 400 * kHigh * kShare, 0.01);
}

TEST(Bbr, ATimeOutLetsStartupGoOn) {
  Sender s;
  s.rounds({100, 200, 400, 400, 400});
  s.bbr.lost();
  s.bbr.timed_out();
  s.rounds({400, 400, 400});
  EXPECT_GT(s.pacing(), 400);
  s.round(400);
  EXPECT_LT(s.pacing(), 400);
}

TEST(Bbr, SeveralSamplesOfOneRoundTripAreOneRound) {
  Sender s;
  s.rounds({100, 200, 400});
  auto part = s.sample(400);  // its packets were sent before the last round's were delivered
  part.delivered_before -= 1;
  for (int i = 0; i < 20; ++i) s.bbr.acknowledged(part);
  EXPECT_GT(s.pacing(), 400);
}

TEST(Bbr, DrainsUntilWhatIsInFlightFitsTheLink) {
  Sender s;
  s.rounds({1000, 1000, 1000, 1000});
  s.round(1000, 107);  // 1000 / s for 100 ms, and three bursts of two: 106
  EXPECT_LT(s.pacing(), 1000 * 0.5);
  s.round(1000, 106);
  EXPECT_GE(s.pacing(), 1000 * kShare - 0.01);
}

TEST(Bbr, TheCycleBeginsAnywhereButInThePhaseThatDrains) {
  std::set<int> gains;
  int probing = 0;
  for (std::uint64_t seed = 0; seed < 700; ++seed) {
    Sender s(seed);
    s.rounds({1000, 1000, 1000, 1000});
    s.round(1000, 100);
    const double gain = s.pacing() / kShare / 1000;
    gains.insert(static_cast<int>(gain * 100 + 0.5));
    if (gain > 1.2) ++probing;
  }
  EXPECT_EQ(gains, (std::set<int>{100, 125}));
  EXPECT_NEAR(probing, 100, 40);  // one in seven; four standard deviations
}

// Rounds of 80 in each phase, where so many packets are in flight.
struct Phases {
  int probing = 0, draining = 0, cruising = 0;
};

Phases phases(Sender& s, double in_flight, double lost = 0) {
  Phases all;
  for (int i = 0; i < 80; ++i) {
    auto sample = s.sample(1000, in_flight);
    sample.lost = lost;
    s.bbr.acknowledged(sample);
    const double gain = s.pacing() / kShare / 1000;
    ++(gain > 1.1 ? all.probing : gain < 0.9 ? all.draining : all.cruising);
  }
  return all;
}

// An acknowledgement comes after exactly one round trip, which is not yet more: two rounds are a phase.
TEST(Bbr, EachPhaseLastsLongerThanARoundTrip) {
  auto s = settled(1000);
  const auto all = phases(s, 140);  // more than 1.25 times the product, and the budget: 134
  EXPECT_EQ(all.probing, 10);
  EXPECT_EQ(all.draining, 10);
  EXPECT_EQ(all.cruising, 60);
}

TEST(Bbr, ProbingGoesOnUntilAQuarterMoreIsInFlightOrLost) {
  auto stays = settled(1000), ends = settled(1000);
  EXPECT_GT(phases(stays, 133).probing, 60);
  EXPECT_EQ(phases(ends, 133, 1).probing, 10);
}

TEST(Bbr, DrainingEndsEarlyWhereTheQueueIsEmpty) {
  auto s = settled(1000);
  const auto all = phases(s, 106, 1);
  EXPECT_LT(all.draining, all.probing * 0.7);
  EXPECT_GT(all.draining, 0);
}

TEST(Bbr, BandwidthIsTheHighestRateOfTenRounds) {
  auto s = settled(1000);
  for (int i = 0; i < 10; ++i) {
    s.round(600 - i);
    EXPECT_NEAR(s.bandwidth(), 1000, 0.01) << i;
  }
  s.round(500);
  EXPECT_NEAR(s.bandwidth(), 600, 0.01);  // the first of those that are left
  s.round(700);
  EXPECT_NEAR(s.bandwidth(), 700, 0.01);
}

TEST(Bbr, RoundsWithoutEnoughDataDoNotLowerTheBandwidth) {
  auto s = settled(1000);
  for (int i = 0; i < 50; ++i) s.limited_round(100);
  EXPECT_NEAR(s.bandwidth(), 1000, 0.01);
  s.limited_round(1500);  // but what has arrived was possible
  EXPECT_NEAR(s.bandwidth(), 1500, 0.01);
}

TEST(Bbr, TheWindowIsTwiceTheProductAndABudget) {
  auto s = settled(1000);
  std::set<double> windows;
  for (int i = 0; i < 80; ++i) {
    s.round(1000, 140);
    windows.insert(s.bbr.window());
  }
  // Packets that come in one bunch of 100, not evenly: 100 more. In the phase of 1.25 it is 2 more.
  EXPECT_EQ(windows, (std::set<double>{2 * 100 + 6 + 100, 2 * 100 + 6 + 100 + 2}));
}

TEST(Bbr, TheFirstPacketsRaiseTheWindowWhateverTheTarget) {
  Sender s;
  for (const double window : {11, 12, 13}) {
    s.round(10);  // the target is 10: 2.885 packets and the budget
    EXPECT_EQ(s.bbr.window(), window);
  }
}

TEST(Bbr, WithoutARoundTripTheTargetIsTheInitialWindow) {
  Sender s;
  for (int i = 0; i < 3; ++i) {
    auto sample = s.sample(70);
    sample.rtt.reset();
    s.bbr.acknowledged(sample);
    EXPECT_EQ(s.bbr.window(), 17) << i;  // 7 of them arrive while it is below 10 and the budget of 6
  }
}

TEST(Bbr, RecoveryConservesPacketsForARoundAndGivesTheWindowBack) {
  auto s = settled(1000);
  const double before = s.bbr.window();
  s.bbr.lost();
  auto ack = s.sample(1000);
  ack.state = State::recovery;
  ack.acknowledged = 2;
  ack.lost = 3;
  ack.in_flight = 60;
  s.bbr.acknowledged(ack);
  EXPECT_EQ(s.bbr.window(), 62);  // as many leave as arrive
  ack.lost = 0;
  ack.in_flight = 58;
  ack.delivered_before = s.delivered - 1;  // the same round
  s.bbr.acknowledged(ack);
  EXPECT_EQ(s.bbr.window(), 62);
  ack.in_flight = 70;
  s.bbr.acknowledged(ack);
  EXPECT_EQ(s.bbr.window(), 72);
  auto next = s.sample(1000);  // the next round: two for one, less what is lost
  next.state = State::recovery;
  next.acknowledged = 5;
  next.lost = 2;
  next.in_flight = 60;
  s.bbr.acknowledged(next);
  EXPECT_EQ(s.bbr.window(), 75);
  auto last = s.sample(1000);
  last.acknowledged = 1;
  last.in_flight = 60;
  s.bbr.acknowledged(last);
  EXPECT_NEAR(s.bbr.window(), before, 2);
}

TEST(Bbr, LossesDoNotLowerTheRate) {
  auto s = settled(1000);
  s.bbr.lost();
  for (int i = 0; i < 5; ++i) {
    auto ack = s.sample(1000);
    ack.state = State::recovery;
    ack.lost = 10;
    s.bbr.acknowledged(ack);
  }
  EXPECT_NEAR(s.bandwidth(), 1000, 0.01);
}

TEST(Bbr, ATimeOutLeavesOnePacketAndTheWindowComesBack) {
  auto s = settled(1000);
  const double before = s.bbr.window();
  s.bbr.lost();
  s.bbr.timed_out();
  EXPECT_EQ(s.bbr.window(), 1);
  auto ack = s.sample(1000, 0);
  ack.state = State::loss;
  ack.acknowledged = 1;
  s.bbr.acknowledged(ack);
  EXPECT_EQ(s.bbr.window(), 4);  // the least
  s.bbr.lost();                  // another does not make it forget
  s.bbr.timed_out();
  s.bbr.acknowledged(ack);
  ack.state = State::open;
  s.bbr.acknowledged(ack);
  EXPECT_NEAR(s.bbr.window(), before, 2);
}

TEST(Bbr, ATimeOutThatIsOverAtOnceGivesTheWindowBackAsWell) {
  auto s = settled(1000);
  const double before = s.bbr.window();
  s.bbr.lost();
  s.bbr.timed_out();
  auto ack = s.sample(1000, 0);
  ack.acknowledged = 1;
  s.bbr.acknowledged(ack);
  EXPECT_NEAR(s.bbr.window(), before, 2);
}

TEST(Bbr, RecoveryAfterATimeOutConservesPacketsAsWell) {
  auto s = settled(1000);
  s.bbr.lost();
  s.bbr.timed_out();
  auto ack = s.sample(1000, 30);
  ack.state = State::recovery;
  ack.acknowledged = 1;
  s.bbr.acknowledged(ack);
  EXPECT_EQ(s.bbr.window(), 31);
}

TEST(Bbr, ProbesTheRoundTripTenSecondsAfterItsShortest) {
  auto s = settled(1000);  // the shortest came first, at 0.1 s
  double before = 0;
  while (s.now < Time() + Duration::ms(10'100)) {
    before = s.bbr.window();
    ASSERT_FALSE(s.bbr.probes_rtt());
    s.round(1000, 100);
  }
  s.round(1000, 100);
  EXPECT_TRUE(s.bbr.probes_rtt());
  EXPECT_EQ(s.bbr.window(), 4);
  s.round(1000, 5);  // more than 4 are in flight: its 200 ms have not begun
  s.round(1000, 4);
  s.round(1000, 4);
  s.round(1000, 4);
  EXPECT_TRUE(s.bbr.probes_rtt());  // 200 ms, and not more
  s.round(1000, 4);
  EXPECT_FALSE(s.bbr.probes_rtt());
  EXPECT_NEAR(s.bbr.window(), before, 2);
}

TEST(Bbr, AProbeLastsARoundTripAlsoWhereThatIsLonger) {
  auto s = settled(1000);
  while (!s.bbr.probes_rtt()) s.round(1000, 100);
  const double round = s.delivered;
  auto four = s.sample(1000, 4);  // the 200 ms begin, in the middle of a round
  four.delivered_before = round - 1;
  s.bbr.acknowledged(four);
  for (int i = 0; i < 10; ++i) {
    auto early = s.sample(1000, 4);
    early.delivered_before = round + 50;  // sent before that
    s.bbr.acknowledged(early);
    EXPECT_TRUE(s.bbr.probes_rtt()) << i;
  }
  s.round(1000, 4);
  EXPECT_FALSE(s.bbr.probes_rtt());
}

TEST(Bbr, ALossDuringTheProbeDoesNotMakeItForgetTheWindow) {
  auto s = settled(1000);
  double before = 0;
  for (; !s.bbr.probes_rtt(); s.round(1000, 100)) before = s.bbr.window();
  s.bbr.lost();
  while (s.bbr.probes_rtt()) s.round(1000, 4);
  EXPECT_NEAR(s.bbr.window(), before, 2);
}

TEST(Bbr, AShorterRoundTripPutsTheProbeOff) {
  auto s = settled(1000);
  while (s.now < Time() + Duration::s(5)) s.round(1000, 100);
  auto shorter = s.sample(1000, 100);
  shorter.rtt = Duration::ms(90);
  s.bbr.acknowledged(shorter);
  const auto seen = s.now;
  while (s.now < seen + Duration::s(10)) {
    s.round(1000, 100);
    ASSERT_FALSE(s.bbr.probes_rtt());
  }
  s.round(1000, 100);
  EXPECT_TRUE(s.bbr.probes_rtt());
}

TEST(Bbr, APauseIsAsGoodAsAProbe) {
  auto s = settled(1000);
  s.now = s.now + Duration::s(20);
  s.bbr.sends_again(s.now);
  EXPECT_NEAR(s.pacing(), 1000 * kShare, 0.01);  // no more than the estimate, whatever the phase
  s.round(1000, 10);
  EXPECT_FALSE(s.bbr.probes_rtt());
}

}  // namespace
}  // namespace millrace
