#include "sim/net/link_events.hpp"

#include <gtest/gtest.h>

#include "runtime/base/random.hpp"
#include "sim/net/fluid_network.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/net/rate_trace.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

Time ns(std::int64_t n) { return Time::zero() + Duration::ns(n); }

RateTrace random_trace(Random& random) {
  std::vector<RateStep> steps;
  Duration at;
  for (auto n = 1 + random.below(4); n > 0; --n) {
    steps.push_back({at, BitRate(static_cast<std::int64_t>(random.below(5)))});
    at += Duration::ns(1 + static_cast<std::int64_t>(random.below(9)));
  }
  return RateTrace::make(std::move(steps), at, static_cast<TraceEnd>(random.below(3))).value();
}

// The rate at every nanosecond, by the definition in the header: the last state, and the last trace from its
// event on.
class Oracle {
 public:
  explicit Oracle(RateTrace base) : trace_(std::move(base)) {}
  void apply(const LinkEvent& event) {
    if (const auto* state = std::get_if<LinkState>(&event.change)) up_ = *state == LinkState::up;
    if (const auto* rate = std::get_if<LinkRate>(&event.change)) {
      trace_ = *rate_trace_of(*rate);
      began_ = event.at;
    }
  }
  BitRate at(Time t) const { return up_ ? trace_.rate_at(Time::zero() + (t - began_)) : BitRate(0); }

 private:
  RateTrace trace_;
  Time began_;
  bool up_ = true;
};

TEST(LinkEvents, EveryNanosecondHasTheRateThatItsEventsSay) {
  Random random(test_seed(), "link events");
  for (int round = 0; round < 500; ++round) {
    const auto base = random_trace(random);
    std::vector<LinkEvent> events;
    Time at;
    for (auto n = random.below(5); n > 0; --n) {
      at = at + Duration::ns(static_cast<std::int64_t>(random.below(25)));
      const auto what = random.below(4);
      if (what < 2)
        events.push_back({at, what == 0 ? LinkState::down : LinkState::up});
      else if (what == 2)
        events.push_back({at, LinkRate(BitRate(static_cast<std::int64_t>(random.below(5))))});
      else
        events.push_back({at, LinkRate(std::make_shared<const RateTrace>(random_trace(random)))});
    }
    const auto link =
        with_events({.from = {0}, .to = {1}, .rate = std::make_shared<const RateTrace>(base)}, events);
    ASSERT_TRUE(link.ok()) << link.error().message;
    const auto composed = rate_trace_of(link->rate);
    Oracle oracle(base);
    std::size_t next = 0;
    Nanobits sum = 0;
    for (std::int64_t t = 0; t < 300; ++t) {
      while (next < events.size() && events[next].at <= ns(t)) oracle.apply(events[next++]);
      ASSERT_EQ(composed->cumulative(ns(t)), sum) << "round " << round << " at " << t << " ns";
      ASSERT_EQ(composed->rate_at(ns(t)), oracle.at(ns(t))) << "round " << round << " at " << t << " ns";
      sum += oracle.at(ns(t)).bit_per_s();
    }
  }
}

struct Sent {
  Time depart;
  std::int64_t bytes;
};
std::vector<Time> deliveries(const LinkSpec& link, const std::vector<Sent>& all) {
  const NetworkSpec spec{.devices = {"a", "b"}, .links = {link}, .transport = Transport::raw};
  auto network = make_fluid_network(spec).value();
  std::uint64_t id = 0;
  for (const auto& sent : all) {
    while (network->now() < sent.depart && network->run_until(sent.depart)) ADD_FAILURE() << "overlaps";
    network->submit(sent.depart, {.id = {id++}, .from = {0}, .to = {1}, .size = Bytes(sent.bytes)});
  }
  std::vector<Time> arrived;
  while (const auto delivery = network->run_until(Time::never())) arrived.push_back(delivery->at);
  return arrived;
}

// 960 bytes and 40 of headers are 8000 bit: 1 ms at 8 Mbit/s.
TEST(LinkEvents, AnOutageDelaysWhatIsOnItsWay) {
  const auto link = with_events({.from = {0}, .to = {1}, .rate = BitRate::mbit(8), .delay = Duration::ms(5)},
                                {{Time::zero() + Duration::us(250), LinkState::down},
                                 {Time::zero() + Duration::ms(30), LinkState::up}})
                        .value();
  EXPECT_EQ(deliveries(link, {{Time::zero(), 960}}),
            std::vector<Time>{Time::zero() + Duration::us(30'750) + Duration::ms(5)});
}

TEST(LinkEvents, AShorterDelayLetsNothingOvertake) {
  const auto link = with_events({.from = {0}, .to = {1}, .rate = BitRate::mbit(8), .delay = Duration::ms(50)},
                                {{Time::zero() + Duration::us(1'500), DelayChange{Duration::ms(1)}}})
                        .value();
  // The first leaves at 1 ms and arrives at 51; the second leaves at 2 ms and may not overtake it.
  EXPECT_EQ(deliveries(link, {{Time::zero(), 960}, {Time::zero(), 960}}),
            (std::vector<Time>{Time::zero() + Duration::ms(51), Time::zero() + Duration::ms(51)}));
}

TEST(LinkEvents, LossCountsFromItsInstantOn) {
  const auto link = with_events({.from = {0}, .to = {1}, .rate = BitRate::mbit(8)},
                                {{Time::zero() + Duration::ms(1), LossChange{0.5}}})
                        .value();
  EXPECT_EQ(deliveries(link, {{Time::zero(), 960}, {Time::zero() + Duration::ms(1), 960}}),
            (std::vector<Time>{Time::zero() + Duration::ms(1), Time::zero() + Duration::ms(3)}));
}

TEST(LinkEvents, TheyMustBeInOrder) {
  const auto link = with_events({.from = {0}, .to = {1}, .rate = BitRate::mbit(8)},
                                {{ns(5), LinkState::down}, {ns(4), LinkState::up}});
  ASSERT_FALSE(link.ok());
  EXPECT_EQ(link.error().message, "events: a link's events must be in the order of time");
}

}  // namespace
}  // namespace millrace
