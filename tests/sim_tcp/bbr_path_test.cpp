// BBR over a path of one link: packets leave the link at its rate, and acknowledgements are back a fixed time
// later. The path is a few lines of arithmetic and owes nothing to the networks of this project.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <vector>

#include "sim/tcp/bbr.hpp"

namespace millrace {
namespace {

using State = DeliverySample::State;

class Path {
 public:
  double rate;           // packets per second
  Duration propagation;  // there and back
  double loss = 0;       // per packet
  double asked = 1e9;    // packets per second that the application has to send
  double longest_queue = 1e9;

  Path(double link, Duration round_trip) : rate(link), propagation(round_trip) {}

  // Until then, event by event. Calls `seen` after each acknowledgement.
  template <typename Seen>
  void run(Duration time, Seen&& seen) {
    const auto end = now_ + time;
    while (true) {
      const auto send = next_send(), ack = next_ack(), timer = next_timer();
      const auto next = std::min({send, ack, timer});
      if (next > end) break;
      now_ = std::max(now_, next);
      if (next == ack) {
        acknowledge();
        seen();
      } else if (next == send) {
        this->send();
      } else {
        time_out();
      }
    }
    now_ = end;
  }
  void run(Duration time) {
    run(time, [] {});
  }
  // Packets delivered per second meanwhile.
  double throughput(Duration time) {
    const double before = delivered_;
    run(time);
    return (delivered_ - before) / time.seconds();
  }

  const Bbr& bbr() const { return bbr_; }
  double bandwidth() const {
    auto copy = bbr_;
    copy.sends_again(now_);
    return copy.pacing().value_or(0) / 0.99;
  }
  Time now() const { return now_; }
  Duration last_rtt() const { return last_rtt_; }
  double in_flight() const { return in_flight_; }
  int time_outs() const { return time_outs_; }
  double lost() const { return lost_; }

 private:
  struct Packet {
    std::uint64_t number;
    Time sent, back;
    bool lost;
    // When it was sent: packets delivered, the time of the last of them, and the first sending of its flight.
    double delivered;
    Time delivered_at, first_sent;
    bool limited;
  };

  Time next_send() const {
    if (asked <= 0 || in_flight_ >= std::floor(bbr_.window())) return Time::never();
    return std::max(paced_, application_);
  }
  Time next_ack() const {
    const auto back = std::find_if(flight_.begin(), flight_.end(), [](const Packet& p) { return !p.lost; });
    return back == flight_.end() ? Time::never() : back->back;
  }
  Time next_timer() const {
    return flight_.empty() || next_ack() != Time::never() ? Time::never()
                                                          : flight_.back().sent + Duration::s(1);
  }

  void send() {
    // The application had nothing to send before: samples say what it asked.
    const bool waited = (application_ == now_ && application_ > paced_) || stopped();
    if (waited) limited_until_ = std::max(1.0, delivered_ + in_flight_);
    if (flight_.empty()) {
      if (waited) bbr_.sends_again(now_);
      first_sent_ = delivered_at_ = now_;
    }
    const double waiting = std::max(0.0, (free_ - now_).seconds()) * rate;
    const bool lost = random_.uniform() < loss || waiting > longest_queue;
    if (lost) ++lost_;
    if (!lost) free_ = std::max(free_, now_) + Duration::from_seconds(1 / rate);
    flight_.push_back({sent_++, now_, free_ + propagation, lost, delivered_, delivered_at_, first_sent_,
                       limited_until_ > 0});
    ++in_flight_;
    if (bbr_.pacing()) paced_ = now_ + Duration::from_seconds(1 / *bbr_.pacing());
    application_ = std::max(application_, now_ - Duration::ms(1)) + Duration::from_seconds(1 / asked);
    last_sent_ = now_;
  }
  bool stopped() const { return flight_.empty() && sent_ > 0 && now_ - last_sent_ > Duration::s(1); }

  void acknowledge() {
    DeliverySample sample;
    sample.in_flight_before = in_flight_;
    for (; flight_.front().lost; flight_.pop_front(), --in_flight_) ++sample.lost;
    const auto packet = flight_.front();
    flight_.pop_front();
    --in_flight_;
    ++delivered_;
    delivered_at_ = now_;
    first_sent_ = packet.sent;
    if (limited_until_ > 0 && delivered_ > limited_until_) limited_until_ = 0;
    if (state_ != State::open && packet.number >= recovered_) state_ = State::open;
    if (sample.lost > 0 && state_ == State::open) {
      bbr_.lost();
      state_ = State::recovery;
      recovered_ = sent_;
    }
    last_rtt_ = now_ - packet.sent;
    sample.now = now_;
    sample.state = state_;
    sample.acknowledged = 1;
    sample.delivered = delivered_;
    sample.in_flight = in_flight_;
    sample.delivered_before = packet.delivered;
    sample.sample = delivered_ - packet.delivered;
    sample.interval = std::max(packet.sent - packet.first_sent, now_ - packet.delivered_at);
    sample.application_limited = packet.limited;
    sample.rtt = last_rtt_;
    bbr_.acknowledged(sample);
    if (bbr_.probes_rtt()) limited_until_ = std::max(1.0, delivered_ + in_flight_);
  }

  void time_out() {
    ++time_outs_;
    bbr_.lost();
    bbr_.timed_out();
    state_ = State::loss;
    recovered_ = sent_;
    flight_.clear();
    in_flight_ = 0;
  }

  Bbr bbr_{Random(1, "bbr")};
  Random random_{1, "path"};
  Time now_, free_, paced_;
  Time application_ = Time() - Duration::s(1);  // when it has the next packet
  std::deque<Packet> flight_;
  std::uint64_t sent_ = 0, recovered_ = 0;
  double delivered_ = 0, in_flight_ = 0, limited_until_ = 0, lost_ = 0;
  Time delivered_at_, first_sent_, last_sent_;
  State state_ = State::open;
  Duration last_rtt_;
  int time_outs_ = 0;
};

// 1000 packets per second (12 Mbit/s), 51 ms with the packet's own: a product of 51.
Path path_of_a_thousand() { return {1000, Duration::ms(50)}; }
constexpr double kProduct = 51;

TEST(BbrPath, ReachesTheRateOfAnyLink) {
  for (const double rate : {50.0, 1000.0, 20'000.0}) {
    for (const int ms : {5, 50, 300}) {
      Path path(rate, Duration::ms(ms));
      path.run(Duration::s(9));
      EXPECT_NEAR(path.bandwidth(), rate, rate * 0.01) << rate << " " << ms;
      EXPECT_GT(path.throughput(Duration::s(10)), rate * 0.9) << rate << " " << ms;
    }
  }
}

TEST(BbrPath, StartupDoublesWhatIsDeliveredEachRoundTrip) {
  Path path(1e6, Duration::ms(100));
  path.run(Duration::ms(450));  // the first flights come in bunches
  double before = path.throughput(Duration::ms(100));
  for (int round = 0; round < 6; ++round) {
    const double now = path.throughput(Duration::ms(100));
    EXPECT_NEAR(now / before, 2, 0.2) << round;
    before = now;
  }
}

TEST(BbrPath, TheWindowIsTwiceTheProductAndItsBudget) {
  auto path = path_of_a_thousand();
  path.run(Duration::s(5));
  double least = 1e9, most = 0;
  path.run(Duration::s(4), [&] {
    least = std::min(least, path.bbr().window());
    most = std::max(most, path.bbr().window());
  });
  EXPECT_GE(least, 2 * kProduct + 6);
  EXPECT_LE(most, 2 * kProduct + 6 + 2 + 6);  // probing, and a few that came close together
}

TEST(BbrPath, KeepsTheQueueShortOnceStartupHasDrained) {
  auto path = path_of_a_thousand();
  Duration longest;
  path.run(Duration::s(2), [&] { longest = std::max(longest, path.last_rtt()); });
  EXPECT_GT(longest, Duration::ms(90));  // startup fills one product of queue
  double sum = 0;
  int count = 0;
  path.run(Duration::s(7), [&] { sum += path.last_rtt().milliseconds(), ++count; });
  EXPECT_LT(sum / count, 51 * 1.2);
  EXPECT_GT(sum / count, 51);
}

// An eighth of the time at 1.25 and an eighth at 0.75 of the estimate, a round trip each.
TEST(BbrPath, ProbesForBandwidthInOneOfEightRoundTrips) {
  auto path = path_of_a_thousand();
  path.run(Duration::s(2));
  double above = 0, below = 0, all = 0;
  for (int ms = 0; ms < 7000; ++ms, ++all) {
    path.run(Duration::ms(1));
    const double gain = path.bbr().pacing().value_or(0) / path.bandwidth() / 0.99;
    ASSERT_TRUE(std::abs(gain - 1.25) < 0.01 || std::abs(gain - 0.75) < 0.01 || std::abs(gain - 1) < 0.01);
    above += gain > 1.2;
    below += gain < 0.8;
  }
  EXPECT_NEAR(above / all, 1.0 / 8, 0.04);
  EXPECT_GT(below, 0);
  EXPECT_LE(below, above);  // it ends early where the queue is empty
}

// Reno's window would be sqrt(1.5 / p) = 12 packets, a quarter of the product.
TEST(BbrPath, OnePercentOfLossCostsLittleMoreThanThatPercent) {
  auto path = path_of_a_thousand();
  path.loss = 0.01;
  path.run(Duration::s(3));
  EXPECT_GT(path.throughput(Duration::s(30)), 1000 * 0.93);
  EXPECT_NEAR(path.bandwidth(), 1000, 20);
  EXPECT_GT(path.lost(), 200);
  EXPECT_EQ(path.time_outs(), 0);
}

TEST(BbrPath, AQueueOfAnEighthOfTheProductIsEnough) {
  auto path = path_of_a_thousand();
  path.longest_queue = kProduct / 8;
  path.run(Duration::s(5));
  EXPECT_GT(path.throughput(Duration::s(10)), 1000 * 0.9);
  EXPECT_GT(path.lost(), 0);
}

TEST(BbrPath, AfterAPauseItSendsAtTheOldRateAtOnce) {
  auto path = path_of_a_thousand();
  path.run(Duration::s(3));
  for (int pause = 0; pause < 5; ++pause) {
    path.asked = 0;
    path.run(Duration::s(4));
    ASSERT_EQ(path.in_flight(), 0);
    path.asked = 1e9;
    path.run(Duration::ms(51));
    EXPECT_NEAR(path.bandwidth(), 1000, 10);
    EXPECT_GT(path.throughput(Duration::ms(500)), 1000 * 0.93) << pause;
  }
}

TEST(BbrPath, AnApplicationThatAsksForLittleDoesNotLowerTheEstimate) {
  auto path = path_of_a_thousand();
  path.run(Duration::s(3));
  path.asked = 100;
  EXPECT_NEAR(path.throughput(Duration::s(5)), 100, 15);
  EXPECT_NEAR(path.bandwidth(), 1000, 10);  // 100 round trips later
  path.asked = 1e9;
  path.run(Duration::ms(100));
  EXPECT_GT(path.throughput(Duration::s(1)), 1000 * 0.93);
}

TEST(BbrPath, ALinkThatBecomesSlowerLowersTheEstimate) {
  auto path = path_of_a_thousand();
  path.run(Duration::s(3));
  path.rate = 100;
  path.run(Duration::s(15));
  EXPECT_NEAR(path.bandwidth(), 100, 3);
  EXPECT_GT(path.throughput(Duration::s(2)), 90);
}

// Once in eight round trips it sends a quarter more. As long as all of that arrives, it goes on with a
// quarter of the new estimate, because 1.25 times the product are not in flight yet.
TEST(BbrPath, ALinkThatBecomesFasterIsFoundAQuarterAtATime) {
  auto path = path_of_a_thousand();
  path.run(Duration::s(3));
  path.rate = 2000;
  for (int round = 0; round < 20; ++round) {
    const double before = path.bandwidth();
    path.run(Duration::ms(51));
    EXPECT_LE(path.bandwidth(), before * 1.26) << round;
  }
  EXPECT_NEAR(path.bandwidth(), 2000, 20);
  EXPECT_GT(path.throughput(Duration::s(2)), 2000 * 0.95);
}

TEST(BbrPath, ProbesTheRoundTripForAFifthOfASecondInTen) {
  auto path = path_of_a_thousand();
  struct Probe {
    Time begin, end;
    double least = 1e9;
  };
  std::vector<Probe> probes;
  bool probing = false;
  double before = 0;
  std::vector<double> after;  // the window compared with that before the probe
  path.run(Duration::s(35), [&] {
    if (path.bbr().probes_rtt()) {
      if (!probing) probes.push_back({path.now(), path.now()});
      probes.back().end = path.now();
      probes.back().least = std::min(probes.back().least, path.in_flight());
      EXPECT_LE(path.bbr().window(), 4);
    } else {
      if (probing) after.push_back(path.bbr().window() - before);
      before = path.bbr().window();
    }
    probing = path.bbr().probes_rtt();
  });
  ASSERT_EQ(probes.size(), 3U);
  ASSERT_EQ(after.size(), 3U);
  for (const double change : after) EXPECT_NEAR(change, 0, 4);
  auto last = Time() + Duration::ms(51);  // the first packet's round trip is the shortest
  for (const auto& probe : probes) {
    EXPECT_NEAR((probe.begin - last).seconds(), 10, 0.1);
    // Until four are in flight, then 200 ms, and the acknowledgement after that.
    EXPECT_GE(probe.end - probe.begin, Duration::ms(200));
    EXPECT_LE(probe.end - probe.begin, Duration::ms(200 + 3 * 51));
    EXPECT_LE(probe.least, 4);
    last = probe.end;
  }
}

TEST(BbrPath, AProbeFindsThatTheRoundTripHasGrown) {
  auto path = path_of_a_thousand();
  path.run(Duration::s(3));
  path.propagation = Duration::ms(150);
  path.run(Duration::s(3));
  EXPECT_LT(path.bbr().window(), 2 * kProduct + 20);  // it still goes by 51 ms
  path.run(Duration::s(10));
  EXPECT_NEAR(path.bbr().window(), 2 * 151 + 6, 12);
  EXPECT_GT(path.throughput(Duration::s(4)), 1000 * 0.95);
}

TEST(BbrPath, ComesBackAfterAnOutage) {
  auto path = path_of_a_thousand();
  path.run(Duration::s(3));
  const double before = path.bbr().window();
  path.loss = 1;
  path.run(Duration::s(3));
  EXPECT_GE(path.time_outs(), 2);
  EXPECT_EQ(path.bbr().window(), 1);
  path.loss = 0;
  path.run(Duration::s(2));
  EXPECT_NEAR(path.bbr().window(), before, 6);
  EXPECT_NEAR(path.bandwidth(), 1000, 10);
  EXPECT_GT(path.throughput(Duration::s(2)), 1000 * 0.95);
}

// Ten packets in a round trip of 100 ms, times 2.885, less one percent.
TEST(BbrPath, TheHandshakePacesTheFirstWindow) {
  Bbr bbr(Random(1, ""));
  bbr.connected(Time::zero(), Duration::ms(100));
  EXPECT_NEAR(bbr.pacing().value_or(0), 100 * 2.885 * 0.99, 0.01);
}

// What leaves in 1/1024 s at 99 % of 10,000 packets of 1500 bytes per second is 14,502 bytes: 10 segments of
// 1448. Three times that on top of twice the product.
TEST(BbrPath, FastLinksGetLargerBursts) {
  Path path(10'000, Duration::ms(100));
  path.run(Duration::s(5));
  EXPECT_NEAR(path.bbr().window(), 2 * 1000 + 3 * 10, 8);
}

}  // namespace
}  // namespace millrace
