// Loss that changes while a message is under way.
#include "sim/net/expected_loss.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "sim/net/fair_fluid_network.hpp"
#include "sim/net/fluid_network.hpp"
#include "sim/net/link_rate.hpp"
#include "tests/support/random_rate.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }
constexpr Nanobits kBit = 1'000'000'000;

// In whole milliseconds.
Scheduled<double> series(const std::vector<std::pair<std::int64_t, double>>& steps, std::int64_t end,
                         bool loops = true, Duration offset = {}) {
  auto made = std::make_shared<Series<double>>();
  for (const auto& [at, loss] : steps) made->values.emplace_back(Duration::ms(at), loss);
  made->end = Duration::ms(end);
  made->loops = loops;
  made->offset = offset;
  return Scheduled<double>(std::shared_ptr<const Series<double>>(made));
}

Scheduled<double> random_loss(Random& random) {
  const auto some = [&] { return random.below(4) == 0 ? 1.0 : random.uniform(); };
  if (random.below(3) == 0) {
    Scheduled<double> events(random.uniform() / 2);
    std::int64_t at = 0;
    for (auto n = 1 + random.below(4); n > 0; --n)
      events.set(ms(at += 1 + std::int64_t(random.below(80))), some());
    events.set(ms(at + 1 + std::int64_t(random.below(80))), random.uniform() / 2);
    return events;
  }
  std::vector<std::pair<std::int64_t, double>> steps{{0, random.uniform() / 2}};
  std::int64_t at = 0;
  for (auto n = random.below(4); n > 0; --n)
    steps.emplace_back(at += 1 + std::int64_t(random.below(60)), some());
  steps.emplace_back(at += 1 + std::int64_t(random.below(60)), 0.1);
  return series(steps, at + 1 + std::int64_t(random.below(60)), random.below(2) == 0,
                Duration::ms(std::int64_t(random.below(100))));
}

TEST(ExpectedLoss, ConstantIsOneOverOneMinusLoss) {
  for (const double loss : {0.0, 0.25, 0.5, 0.999}) {
    LinkSpec link{DeviceId{0}, DeviceId{1}, BitRate::mbit(10)};
    link.loss = loss;
    const LossyCapacity capacity(rate_trace_of(link.rate), link);
    const auto arrives = std::llround((1 - loss) * 1e9);
    EXPECT_EQ(capacity.end(77, 12'000 * kBit), 77 + 12'000 * (kBit * kBit / arrives)) << loss;
    EXPECT_EQ(capacity.useful(77, capacity.end(77, 12'000 * kBit)), 12'000 * kBit) << loss;
  }
}

// Rates and losses change at whole milliseconds: the oracle adds them up one by one, in real numbers.
TEST(ExpectedLoss, AgreesWithCountingMilliseconds) {
  for (std::uint64_t round = 0; round < 300; ++round) {
    Random random(test_seed() + round, "loss");
    std::vector<RateStep> steps;
    std::int64_t at = 0;
    for (auto n = 1 + random.below(5); n > 0; --n) {
      const bool outage = !steps.empty() && random.below(4) == 0;
      steps.push_back(
          {Duration::ms(at), BitRate::kbit(outage ? 0 : 100 + std::int64_t(random.below(9'000)))});
      at += 1 + std::int64_t(random.below(50));
    }
    LinkSpec link{DeviceId{0}, DeviceId{1}, BitRate(0)};
    link.rate = std::make_shared<const RateTrace>(
        RateTrace::make(std::move(steps), Duration::ms(at), TraceEnd::loop).value());
    link.loss = random_loss(random);
    const auto trace = rate_trace_of(link.rate);
    const LossyCapacity capacity(trace, link);
    const auto bits = 1'000 + std::int64_t(random.below(2'000'000));
    const std::int64_t begin = std::int64_t(random.below(300));
    double left = double(bits), expected_ms = double(begin);
    for (std::int64_t now = begin;; ++now) {
      const double passes = double(trace->rate_at(ms(now)).bit_per_s()) / 1e3 * (1 - link.loss.at(ms(now)));
      expected_ms = double(now);
      if (passes > 0 && left <= passes) {
        expected_ms += left / passes;
        break;
      }
      left -= passes;
    }
    const Nanobits start = trace->cumulative(ms(begin)), end = capacity.end(start, bits * kBit);
    EXPECT_NEAR((*trace->when(end) - Time::zero()).milliseconds(), expected_ms, 1e-3) << "round " << round;
    EXPECT_NEAR(double(capacity.useful(start, end)) / 1e9, double(bits), 1e-6) << "round " << round;
    const Nanobits middle = start + (end - start) / 3;
    EXPECT_NEAR(double(capacity.useful(start, middle) + capacity.useful(middle, end)) / 1e9, double(bits),
                1e-6);
  }
}

TEST(ExpectedLoss, WhatNeverGetsThroughHasNoEnd) {
  LinkSpec link{DeviceId{0}, DeviceId{1}, BitRate::mbit(1)};
  link.loss.set(ms(1), 1);
  const LossyCapacity lost(rate_trace_of(link.rate), link);
  EXPECT_EQ(lost.end(0, 1'000 * kBit), kBit * 1'000);
  EXPECT_GE(lost.end(0, 1'001 * kBit), LossyCapacity::kNever);
  EXPECT_EQ(lost.trace().when(lost.end(0, 1'001 * kBit)), std::nullopt);
}

// Rate and loss alternate for ever, each open only in the other's outage: the search must end although no
// number of changes and no length of time helps.
TEST(ExpectedLoss, AnOutageThatMeetsEveryPauseOfTheLossEnds) {
  LinkSpec link{DeviceId{0}, DeviceId{1}, BitRate(0)};
  link.rate = std::make_shared<const RateTrace>(
      RateTrace::make({{{}, BitRate::mbit(1)}, {Duration::ms(1), BitRate(0)}}, Duration::ms(2),
                      TraceEnd::loop)
          .value());
  link.loss = series({{0, 1}, {1, 0}}, 2);
  EXPECT_GE(LossyCapacity(rate_trace_of(link.rate), link).end(0, kBit), LossyCapacity::kNever);
}

class Bursts : public testing::TestWithParam<Transport> {
 protected:
  // 12 Mbit/s is a full packet per ms.
  void line(std::uint32_t hops, const Scheduled<double>& loss) {
    spec_.transport = GetParam();
    for (std::uint32_t i = 0; i <= hops; ++i) spec_.devices.push_back("d");
    for (std::uint32_t i = 0; i < hops; ++i)
      for (const auto& [from, to] : {std::pair(i, i + 1), {i + 1, i}})
        spec_.links.push_back({DeviceId{from}, DeviceId{to}, BitRate::mbit(i == 0 ? 12 : 1200)});
    spec_.links[0].loss = loss;
  }
  double arrival_ms(std::int64_t packets, LinkMeter* meter = nullptr) {
    const auto network = make_fluid_network(spec_, {.meter = meter}).value();
    const std::int64_t payload = GetParam() == Transport::tcp ? 1448 : 1460;
    const auto last = DeviceId{static_cast<std::uint32_t>(spec_.devices.size() - 1)};
    network->submit(Time::zero(), {TransferId{0}, DeviceId{0}, last, Bytes(payload * packets)});
    const auto delivered = network->run_until(Time::never());
    return delivered ? (delivered->at - Time::zero()).milliseconds() : -1;
  }
  NetworkSpec spec_;
};
INSTANTIATE_TEST_SUITE_P(Transports, Bursts, testing::Values(Transport::raw, Transport::tcp));

// As in a case of our users: a message that came during a burst of loss was charged that loss for its whole
// time.
TEST_P(Bursts, OnlyThePartThatPassesDuringABurstWaitsForIt) {
  line(1, series({{0, 0}, {100, 0.9}, {200, 0}}, 1'000, false));
  EXPECT_DOUBLE_EQ(arrival_ms(100), 100);  // before the burst
  EXPECT_DOUBLE_EQ(arrival_ms(105), 150);  // 5 packets in 50 ms of it
  EXPECT_DOUBLE_EQ(arrival_ms(300), 390);  // 100 before, 10 in it, 190 after
}

TEST_P(Bursts, AStretchOfAllLostIsAnOutage) {
  line(1, series({{0, 1}, {50, 0}}, 100));
  EXPECT_DOUBLE_EQ(arrival_ms(10), 60);
  EXPECT_DOUBLE_EQ(arrival_ms(51), 151);
  EXPECT_DOUBLE_EQ(arrival_ms(500), 1'000);
}

TEST_P(Bursts, AnEventCountsFromItsInstant) {
  Scheduled<double> loss(0.5);
  loss.set(ms(20), 0);
  line(1, loss);
  spec_.links[0].loss_model = GilbertElliott{.p = 0.1, .r = 0.1, .good_loss = 0, .bad_loss = 1};  // half
  EXPECT_DOUBLE_EQ(arrival_ms(30), 40);
  spec_.links[0].loss_model.reset();
  EXPECT_DOUBLE_EQ(arrival_ms(30), 40);
}

TEST_P(Bursts, OnARouteItIsTheSameButForTheLastPacket) {
  line(3, series({{0, 0}, {100, 1}, {200, 0}}, 1'000, false));
  EXPECT_NEAR(arrival_ms(100), 100.02, 1e-9);
  EXPECT_NEAR(arrival_ms(300), 400.02, 1e-9);
}

TEST_P(Bursts, TheMeterSeesNothingArriveWhereAllIsLost) {
  line(1, series({{0, 0}, {100, 1}, {200, 0.5}, {300, 0}}, 1'000, false));
  LinkMeter meter(spec_, Duration::ms(100));
  EXPECT_DOUBLE_EQ(arrival_ms(200, &meter), 350);
  const auto rows = meter.intervals(LinkId{0}, ms(400));
  const std::array<std::int64_t, 4> packets{100, 0, 50, 50};
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].delivered, Bytes(1500 * packets[i])) << i;
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(rows[i].carried, rows[i].capacity) << i;
}

// The two implementations share only the integral over one stretch of position.
TEST(ExpectedLoss, AFlowThatMeetsNobodyIsExactWhateverItsLossDoes) {
  for (std::uint64_t round = 0; round < 200; ++round) {
    Random random(test_seed() + round, "lossy line");
    NetworkSpec spec;
    const auto hops = 1 + static_cast<std::uint32_t>(random.below(3));
    for (std::uint32_t i = 0; i <= hops; ++i) spec.devices.push_back("d");
    for (std::uint32_t i = 0; i < hops; ++i) {
      spec.links.push_back({DeviceId{i}, DeviceId{i + 1}, random_rate(random)});
      spec.links.back().loss = random_loss(random);
      spec.links.push_back({DeviceId{i + 1}, DeviceId{i}, BitRate::mbit(1)});
    }
    FluidNetwork fifo(spec);
    FairFluidNetwork fair(spec, {}, FairFluidNetwork::Windows::unlimited);
    for (Network* network : std::initializer_list<Network*>{&fifo, &fair}) {
      Random traffic(test_seed() + round, "traffic");
      for (std::uint64_t i = 0; i < 12; ++i)
        network->submit(
            Time::zero() + Duration::ns(std::int64_t(traffic.below(400'000'000))),
            {TransferId{i}, DeviceId{0}, DeviceId{hops}, Bytes(1 + std::int64_t(traffic.below(60'000)))});
    }
    for (int i = 0; i < 12; ++i) {
      const auto one = fifo.run_until(Time::never()), other = fair.run_until(Time::never());
      ASSERT_TRUE(one && other) << "round " << round;
      ASSERT_EQ(one->id.value, other->id.value) << "round " << round;
      ASSERT_EQ(one->at, other->at) << "round " << round;
      ASSERT_EQ(one->queued, other->queued) << "round " << round;
      ASSERT_EQ(one->wire, other->wire) << "round " << round;
    }
  }
}

// Two flows on one link of 12 Mbit/s, a packet per ms; all packets are lost from 40 to 60 ms, half after 100.
TEST(ExpectedLoss, FlowsThatShareSeeItChangeToo) {
  NetworkSpec spec{.devices = {"a", "b", "c"}};
  for (const auto& [from, to, rate] :
       {std::tuple(0U, 1U, 12), {1U, 0U, 12}, {2U, 0U, 12'000'000 / 10}, {0U, 2U, 12'000'000 / 10}})
    spec.links.push_back({DeviceId{from}, DeviceId{to}, BitRate::mbit(rate)});
  spec.links[0].loss = series({{0, 0}, {40, 1}, {60, 0}, {100, 0.5}}, 10'000, false);
  FairFluidNetwork network(spec);
  network.submit(Time::zero(), {TransferId{0}, DeviceId{0}, DeviceId{1}, Bytes(1448 * 50)});
  network.submit(Time::zero(), {TransferId{1}, DeviceId{2}, DeviceId{1}, Bytes(1448 * 50)});
  // 20 of each by 40, nothing until 60, 20 of each by 100; then 10 of each at half the rate: 40 ms more.
  for (int i = 0; i < 2; ++i) {
    const auto delivered = network.run_until(Time::never());
    ASSERT_TRUE(delivered);
    EXPECT_NEAR((delivered->at - Time::zero()).milliseconds(), 140, 1.1);  // a packet is stored and forwarded
  }
}

}  // namespace
}  // namespace millrace
