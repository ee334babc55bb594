#include "sim/net/link_meter.hpp"

#include <gtest/gtest.h>

#include "runtime/base/random.hpp"
#include "sim/net/fluid_network.hpp"
#include "sim/net/link_rate.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }
constexpr LinkId kLink{0};

NetworkSpec one_link(LinkRate rate) {
  NetworkSpec spec;
  spec.devices = {"a", "b"};
  spec.links.push_back({DeviceId{0}, DeviceId{1}, std::move(rate)});
  spec.transport = Transport::raw;
  return spec;
}

LinkRate steps(std::vector<RateStep> list, Duration end) {
  return std::make_shared<const RateTrace>(RateTrace::make(std::move(list), end, TraceEnd::loop).value());
}

TEST(LinkMeter, AMessageIsDividedAtTheIntervalsEnds) {
  LinkMeter meter(one_link(BitRate::mbit(8)), Duration::ms(1));  // 1000 bytes per interval
  meter.offered(kLink, Time::zero(), Bytes(2500));
  meter.carried(kLink, nanobits(Bytes(500)), nanobits(Bytes(3000)), Bytes(2500));
  const auto rows = meter.intervals(kLink, ms(4));
  ASSERT_EQ(rows.size(), 4U);
  const std::array<std::int64_t, 4> delivered{500, 1000, 1000, 0}, queued{2000, 1000, 0, 0};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(rows[i].delivered, Bytes(delivered[i]));
    EXPECT_EQ(rows[i].carried, nanobits(Bytes(delivered[i])));
    EXPECT_EQ(rows[i].queued, Bytes(queued[i]));
    EXPECT_EQ(rows[i].capacity, nanobits(Bytes(1000)));
  }
}

TEST(LinkMeter, AnOutageCarriesNothingAndHasNoCapacity) {
  const auto rate =
      steps({{{}, BitRate::mbit(8)}, {Duration::ms(1), BitRate(0)}, {Duration::ms(3), BitRate::mbit(8)}},
            Duration::ms(4));
  LinkMeter meter(one_link(rate), Duration::ms(1));
  meter.offered(kLink, Time::zero(), Bytes(1600));
  meter.carried(kLink, 0, nanobits(Bytes(1600)), Bytes(1600));
  const auto rows = meter.intervals(kLink, ms(4));
  EXPECT_EQ(rows[0].delivered, Bytes(1000));
  EXPECT_EQ(rows[1].carried + rows[2].carried, 0);
  EXPECT_EQ(rows[1].capacity + rows[2].capacity, 0);
  EXPECT_EQ(rows[2].queued, Bytes(600));
  EXPECT_EQ(rows[3].delivered, Bytes(600));
}

TEST(LinkMeter, WhatIsCarriedAfterTheEndDoesNotCount) {
  LinkMeter meter(one_link(BitRate::mbit(8)), Duration::ms(10));
  meter.offered(kLink, Time::zero(), Bytes(9000));
  meter.carried(kLink, 0, nanobits(Bytes(9000)), Bytes(9000));
  const auto rows = meter.intervals(kLink, ms(4));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].capacity, nanobits(Bytes(4000)));
  EXPECT_EQ(rows[0].carried, rows[0].capacity);
  EXPECT_EQ(rows[0].delivered, Bytes(4000));
  EXPECT_EQ(rows[0].queued, Bytes(5000));
}

TEST(LinkMeter, RepetitionsAreCarriedAndNotDelivered) {
  LinkMeter meter(one_link(BitRate::mbit(8)), Duration::ms(10));
  meter.offered(kLink, Time::zero(), Bytes(1000));
  meter.carried(kLink, 0, nanobits(Bytes(2000)), Bytes(1000));
  const auto row = meter.intervals(kLink, ms(10)).front();
  EXPECT_EQ(row.delivered, Bytes(1000));
  EXPECT_EQ(row.carried, nanobits(Bytes(2000)));
}

TEST(LinkMeter, TheLaterIsNotKept) {
  LinkMeter meter(one_link(BitRate::mbit(8)), Duration::ns(1));
  meter.offered(kLink, ms(100), Bytes(7));
  const auto rows = meter.intervals(kLink, ms(100));
  EXPECT_EQ(rows.size(), LinkMeter::kMaxIntervals);
  EXPECT_EQ(rows.back().offered, Bytes(0));
}

// If the length of a run is unknown, intervals grow; the result is as if their final length had been given.
TEST(LinkMeter, AnIntervalThatGrewCountsAsOneGivenAtOnce) {
  for (const std::int64_t seconds : {800, 1'500, 5'000, 40'000}) {
    const auto spec =
        one_link(steps({{{}, BitRate::mbit(2)}, {Duration::s(7), BitRate(0)}}, Duration::s(11)));
    const auto run = [&](LinkMeter& meter) {
      Random random(test_seed(), "meter");
      Nanobits position = 0;
      for (std::int64_t at = 0; at < seconds; at += 1 + static_cast<std::int64_t>(random.below(9))) {
        const Bytes size(static_cast<std::int64_t>(1 + random.below(300'000)));
        const Time now = ms(1'000 * at + static_cast<std::int64_t>(random.below(1'000)));
        position = std::max(position, rate_trace_of(spec.links[0].rate)->cumulative(now));
        meter.offered(kLink, now, size);
        if (random.below(20) == 0) {
          meter.dropped(kLink, now, size);
          continue;
        }
        meter.carried(kLink, position, position + nanobits(size), size);
        position += nanobits(size);
      }
      return meter.intervals(kLink, ms(1'000 * seconds));
    };
    LinkMeter grown(spec, std::nullopt);
    const auto rows = run(grown);
    EXPECT_LE(rows.size(), LinkMeter::kChosenIntervals);
    EXPECT_GT(rows.size(), LinkMeter::kChosenIntervals / 3);
    EXPECT_EQ(grown.interval() > Duration::s(1), seconds > 1'024);
    LinkMeter given(spec, grown.interval());
    const auto expected = run(given);
    ASSERT_EQ(rows.size(), expected.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i].offered, expected[i].offered) << i;
      EXPECT_EQ(rows[i].dropped, expected[i].dropped) << i;
      EXPECT_EQ(rows[i].carried, expected[i].carried) << i;
      EXPECT_EQ(rows[i].capacity, expected[i].capacity) << i;
      // Bytes are rounded down at each end of an interval, also at ends that were merged away.
      EXPECT_NEAR(static_cast<double>(rows[i].delivered.count()),
                  static_cast<double>(expected[i].delivered.count()), 100)
          << i;
    }
  }
}

// The same sums by hand: every message with its headers passes each link of its route once.
TEST(LinkMeter, AFluidLinkDeliversWhatItsTransfersAre) {
  const auto seed = test_seed();
  RecordProperty("seed", std::to_string(seed));
  Random random(seed, "link meter");
  NetworkSpec spec;
  spec.devices = {"a", "b", "c"};
  spec.transport = Transport::raw;
  const auto rate =
      steps({{{}, BitRate::mbit(3)}, {Duration::ms(70), BitRate(0)}, {Duration::ms(110), BitRate::kbit(900)}},
            Duration::ms(190));
  spec.links.push_back({DeviceId{0}, DeviceId{1}, rate, Duration::ms(3), Bytes::kib(64), 0.05});
  spec.links.push_back({DeviceId{1}, DeviceId{2}, BitRate::mbit(2), Duration::ms(1)});
  LinkMeter meter(spec, Duration::ms(10));
  const auto network = make_fluid_network(spec, {.meter = &meter}).value();
  const Framing framing(spec.transport, spec.mtu);
  Bytes wire;
  for (std::uint64_t i = 0; i < 30; ++i) {
    const Bytes size(1 + static_cast<std::int64_t>(random.below(20'000)));
    wire += framing.wire_size(size);
    network->submit(ms(static_cast<std::int64_t>(random.below(500))),
                    {TransferId{i}, DeviceId{0}, DeviceId{2}, size});
  }
  while (network->run_until(Time::never())) {
  }
  for (std::uint32_t link = 0; link < 2; ++link) {
    Bytes offered, delivered;
    for (const auto& row : meter.intervals(LinkId{link}, network->now())) {
      EXPECT_LE(row.carried, row.capacity);
      EXPECT_GE(row.queued, Bytes(0));
      offered += row.offered;
      delivered += row.delivered;
    }
    EXPECT_EQ(offered, wire);
    EXPECT_EQ(delivered, wire);
  }
}

}  // namespace
}  // namespace millrace
