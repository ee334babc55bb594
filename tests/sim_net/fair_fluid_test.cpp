// The fluid network of transport tcp: exact for a lone flow, max-min fair for flows that share links.
#include "sim/net/fair_fluid_network.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "sim/net/fluid_network.hpp"
#include "sim/net/link_rate.hpp"
#include "tests/support/random_rate.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }

struct Sending {
  Time depart;
  Transfer transfer;
};

std::map<std::uint64_t, Delivery> run(Network& network, const std::vector<Sending>& traffic) {
  std::map<std::uint64_t, Delivery> deliveries;
  for (const auto& one : traffic) network.submit(one.depart, one.transfer);
  while (const auto d = network.run_until(Time::never())) deliveries.emplace(d->id.value, *d);
  return deliveries;
}

// The first-in-first-out network is the oracle: a separate implementation that follows packets link by link.
TEST(FairFluid, AFlowThatMeetsNobodyIsExactToTheNanosecond) {
  for (std::uint64_t round = 0; round < 300; ++round) {
    Random random(test_seed() + round, "alone");
    NetworkSpec spec;
    const auto hops = 1 + static_cast<std::uint32_t>(random.below(4));
    for (std::uint32_t i = 0; i <= hops; ++i) spec.devices.push_back(fmt::format("d{}", i));
    for (std::uint32_t i = 0; i < hops; ++i) {
      spec.links.push_back({DeviceId{i}, DeviceId{i + 1}, random_rate(random),
                            Duration::us(std::int64_t(random.below(20'000))), Bytes(3000)});
      spec.links.back().loss = random.below(2) == 0 ? 0 : random.uniform() / 2;
      spec.links.back().overhead = Bytes(std::int64_t(random.below(40)));
      if (random.below(4) == 0)
        spec.links.back().delay.set(ms(200), random.below(2) == 0 ? Duration::ms(1) : Duration::s(2));
      spec.links.push_back({DeviceId{i + 1}, DeviceId{i}, BitRate::mbit(1), Duration::ms(1)});
    }
    std::vector<Sending> traffic;
    for (std::uint64_t i = 0; i < 12; ++i)
      traffic.push_back(
          {Time::zero() + Duration::ns(std::int64_t(random.below(400'000'000))),
           {TransferId{i}, DeviceId{0}, DeviceId{hops}, Bytes(1 + std::int64_t(random.below(60'000)))}});
    FluidNetwork fifo(spec);
    FairFluidNetwork fair(spec, {}, FairFluidNetwork::Windows::unlimited);
    const auto expected = run(fifo, traffic), actual = run(fair, traffic);
    ASSERT_EQ(actual.size(), 12U);
    for (const auto& [id, d] : expected) {
      ASSERT_EQ(actual.at(id).at, d.at) << "round " << round << ", transfer " << id;
      ASSERT_EQ(actual.at(id).queued, d.queued) << "round " << round;
      ASSERT_EQ(actual.at(id).wire, d.wire) << "round " << round;
    }
  }
}

class Sharing : public testing::Test {
 protected:
  void link(std::uint32_t from, std::uint32_t to, LinkRate rate, Duration delay = {}) {
    spec_.devices.resize(std::max<std::size_t>({spec_.devices.size(), from + 1U, to + 1U}), "d");
    spec_.links.push_back({DeviceId{from}, DeviceId{to}, rate, delay});
  }
  // `packets` full packets of 1500 bytes.
  void send(std::int64_t at_ms, std::uint32_t from, std::uint32_t to, std::int64_t packets) {
    traffic_.push_back(
        {ms(at_ms), {TransferId{traffic_.size()}, DeviceId{from}, DeviceId{to}, Bytes(1448 * packets)}});
  }
  // Milliseconds of arrival, in the order of sending.
  std::vector<double> arrivals() {
    FairFluidNetwork network(spec_);
    std::vector<double> at;
    for (const auto& [id, d] : run(network, traffic_)) {
      at.push_back(d.at.seconds() * 1e3);
      EXPECT_GE(d.queued, Duration{});
      EXPECT_GE(d.wire, Duration{});
      EXPECT_GE(d.propagation, Duration{});
      EXPECT_EQ(traffic_[id].depart + d.queued + d.wire + d.propagation, d.at);
    }
    return at;
  }
  void expect_arrivals(const std::vector<double>& expected) {
    const auto actual = arrivals();
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i)
      EXPECT_NEAR(actual[i], expected[i], 1e-4) << "transfer " << i;
  }

  NetworkSpec spec_;
  std::vector<Sending> traffic_;
};

// 12 Mbit/s is a packet per ms. Two devices behind one link each have a flow of their own.
TEST_F(Sharing, TwoFlowsHalveALinkAndOneAloneHasItAll) {
  link(0, 1, BitRate::mbit(1'000'000));
  link(2, 1, BitRate::mbit(1'000'000));
  link(1, 3, BitRate::mbit(12));
  send(0, 0, 3, 100);
  send(50, 2, 3, 100);  // the first has 50 left: until 150 each has half
  const auto at = arrivals();
  EXPECT_NEAR(at[0], 150, 1.1);  // plus the last packet's store-and-forward time
  EXPECT_NEAR(at[1], 200, 1.1);
}

// Short messages of another flow on the way to a router: the window of the first flow goes on from where it
// was each time, and is not asked twice for what has been sent.
TEST_F(Sharing, MeetingOthersForAMomentLeavesTheWindowAsItWas) {
  link(0, 1, BitRate::mbit(200));
  link(1, 2, BitRate::mbit(10), Duration::ms(20));
  link(2, 1, BitRate::mbit(10), Duration::ms(20));
  link(1, 3, BitRate::mbit(200));
  for (int i = 0; i < 10; ++i) send(150 * i, 0, 2, 90);
  const auto alone = arrivals();
  for (int i = 0; i < 100; ++i) send(15 * i + 3, 0, 3, 1);
  const auto together = arrivals();
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(together[i], alone[i], 10) << "message " << i;
}

TEST_F(Sharing, OneHopIsExactInBothRegimes) {
  link(0, 1, BitRate::mbit(12), Duration::ms(5));
  spec_.cross_traffic.push_back({.from = DeviceId{0},
                                 .to = DeviceId{1},
                                 .kind = CrossTrafficKind::tcp_bulk,
                                 .start = ms(50),
                                 .stop = ms(90)});
  send(0, 0, 1, 100);  // 50 alone, 20 while sharing, 30 alone
  send(0, 0, 1, 10);   // the same flow: queued behind it
  expect_arrivals({125, 135});
}

TEST_F(Sharing, DatagramsTakeTheirRateFirst) {
  link(0, 1, BitRate::mbit(12));
  spec_.cross_traffic.push_back({.from = DeviceId{0},
                                 .to = DeviceId{1},
                                 .kind = CrossTrafficKind::on_off,
                                 .rate = BitRate::mbit(9),
                                 .on = Duration::ms(20),
                                 .off = Duration::ms(20)});
  send(0, 0, 1, 50);  // a quarter of a packet per ms while on: 5 + 20, and again
  expect_arrivals({80});
  spec_.cross_traffic[0].rate = BitRate::mbit(50);
  traffic_.clear();
  send(0, 0, 1, 10);  // 1 % is left: 0.2 packets in 20 ms
  expect_arrivals({29.8});
}

TEST_F(Sharing, AMediumIsOneForAllDirections) {
  SegmentSpec lan{.name = "lan", .kind = SegmentKind::csma};
  lan.rate = BitRate::mbit(10);
  for (std::uint32_t i = 0; i < 3; ++i) lan.members.push_back(DeviceId{i});
  for (std::uint32_t i = 0; i < 3; ++i)
    for (std::uint32_t j = 0; j < 3; ++j)
      if (i != j) {
        link(i, j, lan.rate);
        spec_.links.back().segment = 0;
      }
  spec_.segments.push_back(lan);
  send(0, 0, 1, 100);
  send(0, 1, 2, 100);
  send(0, 2, 0, 50);
  // A packet with its Ethernet and half an acknowledgement: 1538 + 45 bytes.
  const double packet_ms = 1583 * 8 / 1e4;
  expect_arrivals({250 * packet_ms, 250 * packet_ms, 150 * packet_ms});
}

TEST_F(Sharing, TheMeterSeesEveryByteOnceAndNoLinkMoreThanItCan) {
  link(0, 1, BitRate::mbit(30), Duration::ms(1));
  link(2, 1, BitRate::mbit(40));
  link(1, 3, BitRate::mbit(12), Duration::ms(3));
  for (int i = 0; i < 4; ++i) {
    send(37 * i, 0, 3, 40 + i);
    send(50 * i, 2, 3, 30);
  }
  LinkMeter meter(spec_, Duration::ms(10));
  FairFluidNetwork network(spec_, {.meter = &meter});
  run(network, traffic_);
  for (const auto& [link, packets] : {std::pair(0U, 166), {1U, 120}, {2U, 286}}) {
    Bytes delivered, offered;
    Nanobits carried = 0;
    for (const auto& row : meter.intervals(LinkId{link}, ms(2000))) {
      EXPECT_LE(row.carried, row.capacity);
      delivered += row.delivered;
      offered += row.offered;
      carried += row.carried;
    }
    EXPECT_EQ(delivered, Bytes(1500 * packets)) << link;
    EXPECT_EQ(offered, delivered);
    EXPECT_EQ(carried, nanobits(delivered));
  }
}

// ---- The oracle: rates by bisection on one common level after the other, time in small steps.

struct OracleFlow {
  std::vector<std::size_t> path;
  std::vector<std::size_t> waiting;  // transfers, in order
};

std::vector<double> oracle_rates(const std::vector<double>& capacity,
                                 const std::vector<const OracleFlow*>& flows) {
  std::vector<double> rate(flows.size(), 0);
  std::vector<bool> fixed(flows.size(), false);
  const auto fits = [&](const std::vector<double>& rates) {
    std::vector<double> load(capacity.size(), 0);
    for (std::size_t f = 0; f < flows.size(); ++f)
      for (const std::size_t link : flows[f]->path) load[link] += rates[f];
    for (std::size_t l = 0; l < load.size(); ++l)
      if (load[l] > capacity[l] * (1 + 1e-12) + 1e-6) return false;
    return true;
  };
  const auto raised = [&](double level) {
    auto rates = rate;
    for (std::size_t f = 0; f < flows.size(); ++f)
      if (!fixed[f]) rates[f] = level;
    return rates;
  };
  while (std::find(fixed.begin(), fixed.end(), false) != fixed.end()) {
    double low = 0, high = 1e12;
    for (int i = 0; i < 100; ++i) (fits(raised((low + high) / 2)) ? low : high) = (low + high) / 2;
    rate = raised(low);
    for (std::size_t f = 0; f < flows.size(); ++f) {
      auto more = rate;
      more[f] += 1;  // bit/s
      if (!fixed[f] && !fits(more)) fixed[f] = true;
    }
  }
  return rate;
}

std::vector<double> oracle_ends(const NetworkSpec& spec, const std::vector<Sending>& traffic, double step_s) {
  const Routes routes(spec);
  std::map<std::pair<DeviceId, DeviceId>, OracleFlow> flows;
  std::vector<double> left, end(traffic.size(), 0);
  const Framing framing(spec.transport, spec.mtu);
  for (const auto& one : traffic) left.push_back(double(framing.wire_size(one.transfer.size).bits()));
  std::vector<bool> queued(traffic.size(), false);
  std::size_t open = traffic.size();
  for (double t = 0; open > 0 && t < 60; t += step_s) {
    for (std::size_t i = 0; i < traffic.size(); ++i) {
      if (queued[i] || traffic[i].depart.seconds() > t) continue;
      queued[i] = true;
      auto& flow = flows[{traffic[i].transfer.from, traffic[i].transfer.to}];
      if (flow.path.empty())
        for (const LinkId link : routes.path(traffic[i].transfer.from, traffic[i].transfer.to))
          flow.path.push_back(link.value);
      flow.waiting.push_back(i);
    }
    std::vector<const OracleFlow*> busy;
    std::vector<OracleFlow*> own;
    for (auto& [pair, flow] : flows)
      if (!flow.waiting.empty()) {
        busy.push_back(&flow);
        own.push_back(&flow);
      }
    std::vector<double> capacity;
    for (const auto& link : spec.links)
      capacity.push_back(
          double(rate_trace_of(link.rate)->rate_at(Time::zero() + Duration::from_seconds(t)).bit_per_s()));
    const auto rates = oracle_rates(capacity, busy);
    for (std::size_t f = 0; f < own.size(); ++f) {
      const std::size_t head = own[f]->waiting.front();
      left[head] -= rates[f] * step_s;
      if (left[head] > 0) continue;
      end[head] = t + step_s;
      own[f]->waiting.erase(own[f]->waiting.begin());
      --open;
    }
  }
  return end;
}

// Stars and dumbbells: all links constant, or fast ones around a trunk that steps. (Where several links step,
// the exact schedule of a lone flow stores packets between them, which the oracle does not.)
TEST(FairFluidOracle, ManyFlowsAgreeWithBisectionInSmallSteps) {
  double worst_ms = 0;
  for (std::uint64_t round = 0; round < 10; ++round) {
    Random random(test_seed() + round, "oracle");
    NetworkSpec spec;
    const std::uint32_t members = 4;
    spec.devices = {"a", "b", "c", "d", "hub", "hub2"};
    const auto rate = [&](bool trunk) -> LinkRate {
      const auto one = [&] { return BitRate::mbit(20 + std::int64_t(random.below(60))); };
      if (round % 2 == 0) return one();
      if (!trunk) return BitRate::mbit(10'000);
      return std::make_shared<const RateTrace>(
          RateTrace::make({{Duration{}, one()}, {Duration::ms(300), one()}, {Duration::ms(700), one()}},
                          Duration::ms(1000), TraceEnd::loop)
              .value());
    };
    const auto pair = [&](std::uint32_t a, std::uint32_t b) {
      spec.links.push_back({DeviceId{a}, DeviceId{b}, rate(a == 4), Duration{}});
      spec.links.push_back({DeviceId{b}, DeviceId{a}, rate(a == 4), Duration{}});
    };
    for (std::uint32_t m = 0; m < members; ++m) pair(m, m < 2 || random.below(2) == 0 ? 4 : 5);
    pair(4, 5);
    std::vector<Sending> traffic;
    for (std::uint64_t i = 0; i < 10; ++i) {
      const auto from = static_cast<std::uint32_t>(random.below(members));
      const auto to = (from + 1 + static_cast<std::uint32_t>(random.below(members - 1))) % members;
      traffic.push_back({ms(std::int64_t(random.below(500))),
                         {TransferId{i}, DeviceId{from}, DeviceId{to},
                          Bytes(200'000 + std::int64_t(random.below(2'000'000)))}});
    }
    std::stable_sort(traffic.begin(), traffic.end(),
                     [](const auto& a, const auto& b) { return a.depart < b.depart; });
    for (std::uint64_t i = 0; i < traffic.size(); ++i) traffic[i].transfer.id = TransferId{i};
    FairFluidNetwork network(spec);
    const auto actual = run(network, traffic);
    const auto expected = oracle_ends(spec, traffic, 100e-6);
    ASSERT_EQ(actual.size(), traffic.size());
    for (std::size_t i = 0; i < traffic.size(); ++i) {
      const double error_ms = (actual.at(i).at.seconds() - expected[i]) * 1e3;
      worst_ms = std::max(worst_ms, std::abs(error_ms));
      // Two packets stored and forwarded at 20 Mbit/s, once more where a lone flow begins to share, and the
      // oracle's steps.
      EXPECT_NEAR(error_ms, 0, 4.0) << "round " << round << ", transfer " << i << " of " << expected[i]
                                    << " s";
    }
  }
  fmt::print("largest difference to the oracle: {:.2f} ms\n", worst_ms);
}

}  // namespace
}  // namespace millrace
