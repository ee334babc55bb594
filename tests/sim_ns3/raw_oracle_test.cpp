// Oracle: bare packets through ns-3, packet by packet, against the fluid network's arithmetic on messages.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>

#include "runtime/base/random.hpp"
#include "sim/net/fluid_network.hpp"
#include "sim/net/link_events.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/ns3/ns3_network.hpp"
#include "sim/trace/trace_reader.hpp"
#include "tests/support/random_rate.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

struct Sending {
  Time depart;
  Transfer transfer;
};

NetworkSpec random_line(Random& random, std::uint32_t hops) {
  NetworkSpec spec;
  spec.transport = Transport::raw;
  for (std::uint32_t i = 0; i <= hops; ++i) spec.devices.push_back(fmt::format("d{}", i));
  for (std::uint32_t i = 0; i < hops; ++i)
    spec.links.push_back({DeviceId{i}, DeviceId{i + 1}, random_rate(random),
                          Duration::us(std::int64_t(random.below(20'000))), Bytes(3000)});
  return spec;
}

std::vector<Sending> random_traffic(Random& random, DeviceId to) {
  std::vector<Sending> list;
  for (std::uint64_t i = 0; i < 12; ++i) {
    const Time depart = Time::zero() + Duration::ns(std::int64_t(random.below(400'000'000)));
    list.push_back({depart, {TransferId{i}, DeviceId{0}, to, Bytes(1 + std::int64_t(random.below(60'000)))}});
  }
  return list;
}

std::map<std::uint64_t, Delivery> run(Result<std::unique_ptr<Network>> made,
                                      const std::vector<Sending>& traffic) {
  std::map<std::uint64_t, Delivery> result;
  Network& network = *made.value();
  for (const Sending& s : traffic) network.submit(s.depart, s.transfer);
  while (const auto d = network.run_until(Time::never())) result.emplace(d->id.value, *d);
  return result;
}

BitRate slowest(const NetworkSpec& spec) {
  BitRate least = BitRate::mbit(1000);
  for (const LinkSpec& link : spec.links) {
    const auto trace = rate_trace_of(link.rate);
    for (std::size_t i = 0; i < trace->size(); ++i)
      if (trace->step(i).rate > BitRate(0)) least = std::min(least, trace->step(i).rate);
  }
  return least;
}

Duration largest_error(const NetworkSpec& spec, const std::vector<Sending>& traffic) {
  const auto fluid = run(make_fluid_network(spec), traffic);
  const auto raw = run(make_ns3_network(spec), traffic);
  EXPECT_EQ(fluid.size(), traffic.size());
  EXPECT_EQ(raw.size(), traffic.size());
  Duration largest;
  for (const auto& [id, delivery] : fluid)
    largest = std::max(largest, Duration::ns(std::abs((raw.at(id).at - delivery.at).count_ns())));
  return largest;
}

TEST(RawOracle, OverOneLinkTheNetworksAgreeToTheNanosecond) {
  const std::uint64_t seed = test_seed();
  for (std::uint64_t round = 0; round < 60; ++round) {
    Random random(seed, fmt::format("one link {}", round));
    const auto spec = random_line(random, 1);
    const auto traffic = random_traffic(random, DeviceId{1});
    const auto fluid = run(make_fluid_network(spec), traffic);
    const auto raw = run(make_ns3_network(spec), traffic);
    ASSERT_EQ(fluid.size(), traffic.size());
    for (const auto& [id, d] : fluid) {
      ASSERT_EQ(raw.at(id).at, d.at) << "seed " << seed << " round " << round << " transfer " << id;
      ASSERT_EQ(raw.at(id).queued, d.queued) << "seed " << seed << " round " << round << " transfer " << id;
      ASSERT_EQ(raw.at(id).wire, d.wire) << "seed " << seed << " round " << round << " transfer " << id;
    }
  }
}

// Up to six changes of state, rate, trace or delay while the traffic is under way.
LinkSpec with_random_events(const LinkSpec& link, Random& random) {
  std::vector<LinkEvent> events;
  Time at;
  for (auto n = 1 + random.below(6); n > 0; --n) {
    at = at + Duration::ns(std::int64_t(random.below(150'000'000)));
    switch (random.below(4)) {
      case 0:
        events.push_back({at, LinkState::down});
        at = at + Duration::ns(std::int64_t(random.below(80'000'000)));
        events.push_back({at, LinkState::up});
        break;
      case 1:
        events.push_back({at, random_rate(random)});
        break;
      default:
        events.push_back({at, DelayChange{Duration::us(std::int64_t(random.below(40'000)))}});
        break;
    }
  }
  return with_events(link, events).value();
}

TEST(RawOracle, WithEventsOnOneLinkTheyAgreeToTheNanosecond) {
  const std::uint64_t seed = test_seed();
  for (std::uint64_t round = 0; round < 60; ++round) {
    Random random(seed, fmt::format("events {}", round));
    auto spec = random_line(random, 1);
    spec.links[0] = with_random_events(spec.links[0], random);
    const auto traffic = random_traffic(random, DeviceId{1});
    EXPECT_EQ(largest_error(spec, traffic), Duration{}) << "seed " << seed << " round " << round;
  }
}

TEST(RawOracle, OverSeveralHopsTheyAgreeWithinOnePacketAtTheSlowestRate) {
  const std::uint64_t seed = test_seed();
  double worst = 0;
  for (std::uint64_t round = 0; round < 60; ++round) {
    Random random(seed, fmt::format("line {}", round));
    const auto hops = 2 + static_cast<std::uint32_t>(random.below(3));
    const auto spec = random_line(random, hops);
    const Duration error = largest_error(spec, random_traffic(random, DeviceId{hops}));
    const double packet_s = static_cast<double>(spec.mtu.bits()) / double(slowest(spec).bit_per_s());
    worst = std::max(worst, error.seconds() / packet_s);
    EXPECT_LE(error.seconds(), packet_s) << "seed " << seed << " round " << round << " hops " << hops;
  }
  std::printf("multi-hop: worst %.3f packets\n", worst);
}

// Where routes merge, the fluid network queues whole messages, while packets mix. The bound: at each merge a
// message can change places with the other senders' messages under way, here at most 11 messages of 60,000
// bytes.
TEST(RawOracle, WhereWaysMergeTheyAgreeWithinTheMessagesThatMix) {
  const std::uint64_t seed = test_seed();
  double worst_s = 0, error_sum_s = 0, latency_sum_s = 0;
  for (std::uint64_t round = 0; round < 40; ++round) {
    Random random(seed, fmt::format("merge {}", round));
    NetworkSpec spec = random_line(random, 3);  // d0 -> d1 -> d2 -> d3, and a second source d4 -> d1
    spec.devices.push_back("d4");
    spec.links.push_back({DeviceId{4}, DeviceId{1}, random_rate(random), Duration::ms(3), Bytes(3000)});
    auto traffic = random_traffic(random, DeviceId{3});
    for (Sending& s : traffic)
      s.transfer.from = std::array{DeviceId{0}, DeviceId{1}, DeviceId{4}}[random.below(3)];
    const auto fluid = run(make_fluid_network(spec), traffic);
    const auto raw = run(make_ns3_network(spec), traffic);
    for (const auto& [id, d] : fluid) {
      const double error = std::abs((raw.at(id).at - d.at).seconds());
      const double latency = (raw.at(id).at - traffic.at(id).depart).seconds();
      worst_s = std::max(worst_s, error);
      error_sum_s += error;
      latency_sum_s += latency;
      EXPECT_LE(error, 11 * 61'700 * 8 / double(slowest(spec).bit_per_s()))
          << "seed " << seed << " " << round;
    }
  }
  std::printf("merging: %.4f of all latency, worst %.4f s\n", error_sum_s / latency_sum_s, worst_s);
  EXPECT_LT(error_sum_s / latency_sum_s, 0.15);  // seeds 1 to 8 give 0.014 to 0.074
}

// Loss in bursts: in the last `length` of every `period` the loss is `loss`.
Scheduled<double> bursts(Duration period, Duration length, double loss) {
  auto series = std::make_shared<Series<double>>();
  series->values = {{Duration{}, 0.0}, {period - length, loss}};
  series->end = period;
  return Scheduled<double>(std::shared_ptr<const Series<double>>(series));
}

// Periods of 1 to 20 s, losses of 5 % to all, messages that take 0.1 to 30 s at 2 Mbit/s. The test compares
// the amounts that should have got through at each message's arrival, by a formula of its own. The bound:
// ns-3 draws every packet's loss, so the number of the n packets sent during bursts that get through has a
// standard deviation of sqrt(n loss (1 - loss)) (4 of these are allowed); and the packet under way when a
// burst begins is lost wholly, with its bits before the burst.
TEST(RawOracle, LossInBurstsAgreesWithinWhatIsDrawn) {
  const std::uint64_t seed = test_seed();
  constexpr double kPacket_s = 1500 * 8 / 2e6;
  double worst_s = 0, worst_share = 0;
  for (std::uint64_t round = 0; round < 40; ++round) {
    Random random(seed, fmt::format("bursts {}", round));
    NetworkSpec spec = random_line(random, 1 + static_cast<std::uint32_t>(random.below(2)));
    for (LinkSpec& link : spec.links) link.rate = BitRate::mbit(2);
    const double loss = std::array{0.05, 0.3, 0.5, 0.9, 0.99, 1.0}[random.below(6)];
    const double period_s = 1 + 19 * random.uniform(), length_s = period_s * (0.05 + 0.45 * random.uniform());
    spec.links[0].loss = bursts(Duration::from_seconds(period_s), Duration::from_seconds(length_s), loss);
    const auto in_bursts_s = [&](double at_s) {
      const double periods = std::floor(at_s / period_s);
      return periods * length_s + std::max(0.0, at_s - periods * period_s - (period_s - length_s));
    };
    std::vector<Sending> traffic;
    const DeviceId to{static_cast<std::uint32_t>(spec.devices.size() - 1)};
    for (double all_s = 0; all_s < 60;) {
      const double takes_s = 0.1 * std::pow(300, random.uniform());
      all_s += takes_s;
      traffic.push_back(
          {Time::zero(),
           {TransferId{traffic.size()}, DeviceId{0}, to, Bytes(std::llround(takes_s * 2e6 / 8))}});
    }
    const auto fluid = run(make_fluid_network(spec), traffic), raw = run(make_ns3_network(spec), traffic);
    ASSERT_EQ(fluid.size(), traffic.size());
    ASSERT_EQ(raw.size(), traffic.size());
    for (const auto& [id, d] : fluid) {
      const double a = d.at.seconds(), b = raw.at(id).at.seconds();
      const double through_a = a - loss * in_bursts_s(a), through_b = b - loss * in_bursts_s(b);
      const double n = in_bursts_s(std::max(a, b)) / kPacket_s, edges = std::ceil(std::max(a, b) / period_s);
      EXPECT_LE(std::abs(through_a - through_b),
                kPacket_s * (2 + edges + 4 * std::sqrt(n * loss * (1 - loss))))
          << fmt::format("seed {} round {} message {}: loss {} for {} s of {} s; {} s, ns-3 {} s", seed,
                         round, id, loss, length_s, period_s, a, b);
      worst_s = std::max(worst_s, std::abs(through_a - through_b));
    }
    const double end_s = raw.rbegin()->second.at.seconds();
    worst_share = std::max(worst_share, std::abs(fluid.rbegin()->second.at.seconds() / end_s - 1));
  }
  std::printf("bursts: at most %.3f s of sending off; the end of 40 runs by at most %.2f %%\n", worst_s,
              100 * worst_share);
  EXPECT_LT(worst_share, 0.05);
}

TEST(RawOracle, ADeliveryScheduleIsWithinOneMillisecondOfItsRate) {
  const std::uint64_t seed = test_seed();
  for (std::uint64_t round = 0; round < 20; ++round) {
    Random random(seed, fmt::format("schedule {}", round));
    std::vector<std::uint64_t> milliseconds;
    std::uint64_t at = 1;
    for (int i = 0; i < 300; ++i) milliseconds.push_back(at += random.below(4));
    NetworkSpec spec = random_line(random, 1);
    spec.links[0].rate =
        std::make_shared<const DeliverySchedule>(DeliverySchedule::make(std::move(milliseconds)).value());
    std::vector<Sending> traffic;
    for (std::uint64_t i = 0; i < 20; ++i)  // full packets only, saturating
      traffic.push_back(
          {Time::zero(),
           {TransferId{i}, DeviceId{0}, DeviceId{1}, Bytes(1460 * (1 + std::int64_t(random.below(40))))}});
    const auto fluid = run(make_fluid_network(spec), traffic);
    for (const auto& [id, raw] : run(make_ns3_network(spec), traffic)) {
      EXPECT_GE(raw.at, fluid.at(id).at) << "seed " << seed << " round " << round;
      EXPECT_LT(raw.at, fluid.at(id).at + Duration::ms(1)) << "seed " << seed << " round " << round;
    }
  }
}

// The oracle here is the recording itself: line k is the millisecond at which a saturating sender's packet k
// arrives, except for lines of 0, which have passed when the sender starts.
TEST(RawOracle, ARecordingIsReplayedLineByLine) {
  const std::string path = MILLRACE_SOURCE_DIR "/../shared/traces/mahimahi/ATT-LTE-driving-2016.up";
  std::ifstream file(path);
  if (!file) GTEST_SKIP() << "needs ../shared/traces (recordings)";
  std::vector<Time> lines;
  for (std::int64_t ms = 0; file >> ms;)
    if (ms > 0) lines.push_back(Time::zero() + Duration::ms(ms));
  NetworkSpec spec;
  spec.transport = Transport::raw;
  spec.devices = {"sender", "receiver"};
  const auto rate = read_trace(path, {}).value();
  spec.links = {{DeviceId{0}, DeviceId{1}, rate, Duration{}, Bytes(3000)}};
  std::vector<Sending> traffic;
  for (std::uint64_t i = 0; i < lines.size(); ++i)
    traffic.push_back({Time::zero(), {TransferId{i}, DeviceId{0}, DeviceId{1}, Bytes(1460)}});
  const auto raw = run(make_ns3_network(spec), traffic);
  const auto fluid = run(make_fluid_network(spec), traffic);
  for (std::uint64_t i = 0; i < lines.size(); ++i) {
    ASSERT_EQ(raw.at(i).at, lines[i]) << "packet " << i;
    ASSERT_LE(fluid.at(i).at, lines[i]) << "packet " << i;
    ASSERT_GT(fluid.at(i).at, lines[i] - Duration::ms(1)) << "packet " << i;
  }
}

}  // namespace
}  // namespace millrace
