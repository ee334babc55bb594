// Shared, routed and disturbed links at the packet level, against the theory of each.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/net/fluid_network.hpp"
#include "sim/net/framing.hpp"
#include "tests/sim_ns3/bulk.hpp"

namespace millrace {
namespace {

// Bulk from 0 and probes from 3, both through node 1 over a bottleneck of 10 Mbit/s to 2.
NetworkSpec bottleneck(QueueDiscipline discipline) {
  NetworkSpec spec;
  spec.devices = {"a", "router", "b", "c"};
  join(spec, 0, 1, BitRate::mbit(1000), Duration::ms(5));
  join(spec, 1, 2, BitRate::mbit(10), Duration::ms(5));
  join(spec, 3, 1, BitRate::mbit(1000), Duration::ms(5));
  for (auto& link : spec.links) link.discipline = discipline;
  return spec;
}

struct Standing {
  Duration queue;  // the median wait of a probe at the bottleneck
  double mbit_per_s = 0;
};

Standing standing_queue(QueueDiscipline discipline) {
  const Probe probe{DeviceId{3}, DeviceId{2}, Bytes(100), Duration::ms(50)};
  const auto got = Bulk(bottleneck(discipline)).run({{0, 2}}, Duration::s(10), Duration::s(30), probe);
  const Duration unloaded = Duration::ms(10) + Duration::us(124);  // 152 bytes at 10 Mbit/s and 1 Gbit/s
  return {median(got.probe_times) - unloaded, got.mbit_per_s[0]};
}

// RFC 8289: CoDel holds the standing queue near its target of 5 ms, RFC 8033: PIE near 15 ms; a full
// drop-tail queue of 256 KiB is 210 ms, and CUBIC, which backs off to 70 %, keeps half of it full on average.
TEST(QueueDisciplines, HoldTheStandingQueueWhereTheirTargetIs) {
  const auto tail = standing_queue(QueueDiscipline::drop_tail);
  const auto codel = standing_queue(QueueDiscipline::codel);
  const auto fair = standing_queue(QueueDiscipline::fq_codel);
  const auto pie = standing_queue(QueueDiscipline::pie);
  for (const auto& [name, one] :
       {std::pair("drop-tail", tail), {"codel", codel}, {"fq-codel", fair}, {"pie", pie}})
    fmt::print("{}: median wait {:.2f} ms, {:.3f} Mbit/s\n", name, one.queue.seconds() * 1e3, one.mbit_per_s);
  EXPECT_GT(tail.queue, Duration::ms(100));
  EXPECT_LE(tail.queue, Duration::ms(212));
  EXPECT_GT(codel.queue, Duration::ms(1));
  EXPECT_LT(codel.queue, Duration::ms(10));
  EXPECT_LT(fair.queue, Duration::us(1'300)) << "a sparse flow of FQ-CoDel waits for one packet at most";
  EXPECT_GT(pie.queue, Duration::ms(2));
  EXPECT_LT(pie.queue, Duration::ms(25));
  for (const auto& one : {tail, codel, fair, pie}) EXPECT_GT(one.mbit_per_s, 8.5);
}

TEST(Overhead, EveryPacketTakesItsLayerTwoBytesInBothNetworks) {
  NetworkSpec spec;
  spec.devices = {"a", "b"};
  spec.transport = Transport::raw;
  join(spec, 0, 1, BitRate::mbit(8), Duration::ms(1));
  for (auto& link : spec.links) link.overhead = Bytes(38);
  const auto arrives = [&](std::unique_ptr<Network> network) {
    network->submit(Time::zero(), {TransferId{1}, DeviceId{0}, DeviceId{1}, Bytes(14'600)});
    return network->run_until(Time::never()).value().at;
  };
  const Time expected = Time::zero() + Duration::ms(1) + Duration::us(10 * (1460 + 40 + 38));
  EXPECT_EQ(arrives(make_fluid_network(spec).value()), expected);
  EXPECT_EQ(arrives(make_ns3_network(spec).value()), expected);
}

// Four members around a base station: 20 Mbit/s up, 50 down.
TEST(Star, AccessLinksBoundEveryPairUpAndDownSeparately) {
  NetworkSpec spec;
  spec.devices = {"a", "b", "c", "d", "base"};
  for (std::uint32_t member = 0; member < 4; ++member) {
    spec.links.push_back({DeviceId{member}, DeviceId{4}, BitRate::mbit(20), Duration::ms(2)});
    spec.links.push_back({DeviceId{4}, DeviceId{member}, BitRate::mbit(50), Duration::ms(2)});
  }
  const double share = 1448.0 / 1500;
  const auto apart = Bulk(spec).run({{0, 1}, {2, 3}}, Duration::s(2), Duration::s(6));
  for (const double rate : apart.mbit_per_s) EXPECT_NEAR(rate, 20 * share, 0.03 * 20);
  // Three senders to one: the downlink bounds the sum.
  const auto into_one = Bulk(spec).run({{0, 3}, {1, 3}, {2, 3}}, Duration::s(2), Duration::s(8));
  const double sum = std::accumulate(into_one.mbit_per_s.begin(), into_one.mbit_per_s.end(), 0.0);
  EXPECT_NEAR(sum, 50 * share, 0.05 * 50);
}

// A medium with `senders` devices and a receiver.
NetworkSpec lan_of(std::uint32_t senders, BitRate rate) {
  NetworkSpec spec;
  SegmentSpec lan{.name = "lan", .kind = SegmentKind::csma};
  lan.rate = rate;
  lan.delay = Duration::ns(500);
  lan.queue = Bytes::kib(32);
  for (std::uint32_t i = 0; i <= senders; ++i) {
    spec.devices.push_back(fmt::format("device-{}", i));
    lan.members.push_back(DeviceId{i});
  }
  for (std::uint32_t i = 0; i <= senders; ++i)
    for (std::uint32_t j = 0; j <= senders; ++j)
      if (i != j) {
        spec.links.push_back({DeviceId{i}, DeviceId{j}, lan.rate, lan.delay, lan.queue});
        spec.links.back().segment = 0;
      }
  spec.segments.push_back(lan);
  return spec;
}

// Two data frames of 1538 bytes on the wire and one acknowledgement of 52 + 38 carry 2 x 1448 bytes; each
// frame costs `contention` bytes more.
double share_of_a_medium(double contention) { return 2 * 1448.0 / (2 * 1538 + 90 + 3 * contention); }

// Metcalfe and Boggs, CACM 19(7), 1976: of `ready` stations one acquires a slot of 512 bit times with
// probability A = (1 - 1/Q)^(Q-1), after W = (1 - A) / A slots on average.
double ethernet_contention(double ready) {
  const double acquired = std::pow(1 - 1 / ready, ready - 1);
  return (1 - acquired) / acquired * 512 / 8;
}

TEST(Csma, OneSenderAndItsAcknowledgementsFillTheMedium) {
  for (const std::int64_t mbit : {10, 100}) {
    const auto spec = lan_of(1, BitRate::mbit(mbit));
    LinkMeter meter(spec, Duration::s(1));
    const Duration end = Duration::s(mbit == 10 ? 22 : 5);  // 350 messages or more
    const double alone = Bulk(spec, &meter).run({{0, 1}}, Duration::s(2), end).mbit_per_s[0];
    const double expected = static_cast<double>(mbit) * share_of_a_medium(0);
    fmt::print("csma, {} Mbit/s, one sender: {:.3f} of {:.3f}\n", mbit, alone, expected);
    EXPECT_NEAR(alone, expected, 0.015 * expected);  // a device on a medium drops its own packets
    const auto row = meter.intervals(LinkId{0}, Time::zero() + end).at(4);
    EXPECT_NEAR(static_cast<double>(row.delivered.bits()) / 1e6, alone * 1500 / 1448, 0.02 * alone);
  }
}

// The receiver contends too, as it sends acknowledgements.
TEST(Csma, WhatContendersGetTogetherIsWhatEthernetsAnalysisGives) {
  for (const std::int64_t mbit : {10, 100})
    for (const std::uint32_t senders : {2U, 3U, 5U}) {
      std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
      for (std::uint32_t i = 0; i < senders; ++i) pairs.emplace_back(i, senders);
      const auto got = Bulk(lan_of(senders, BitRate::mbit(mbit)))
                           .run(pairs, Duration::s(2), Duration::s(mbit == 10 ? 22 : 5))
                           .mbit_per_s;
      const double sum = std::accumulate(got.begin(), got.end(), 0.0);
      const double expected =
          static_cast<double>(mbit) * share_of_a_medium(ethernet_contention(senders + 1.0));
      fmt::print("csma, {} Mbit/s, {} senders: {:.3f} of {:.3f}: {:+.1f} %\n", mbit, senders, sum, expected,
                 (sum / expected - 1) * 100);
      EXPECT_NEAR(sum, expected, 0.05 * expected);
    }
}

TEST(Csma, ThreeSendersShareTheMediumAlike) {
  const auto three = Bulk(lan_of(3, BitRate::mbit(10)))
                         .run({{0, 3}, {1, 3}, {2, 3}}, Duration::s(5), Duration::s(155))
                         .mbit_per_s;
  const double sum = std::accumulate(three.begin(), three.end(), 0.0);
  for (const double one : three) EXPECT_NEAR(one, sum / 3, 0.15 * sum / 3);
}

NetworkSpec with_cross_traffic(CrossTrafficSpec cross) {
  NetworkSpec spec;
  spec.devices = {"a", "router", "b", "c"};
  join(spec, 0, 1, BitRate::mbit(100), Duration::ms(5));
  join(spec, 1, 2, BitRate::mbit(10), Duration::ms(5), Bytes(25'000));
  join(spec, 3, 1, BitRate::mbit(100), Duration::ms(5));
  cross.from = DeviceId{3};
  cross.to = DeviceId{2};
  spec.cross_traffic = {cross};
  return spec;
}

TEST(CrossTraffic, DatagramsTakeTheirRateAndTcpTheRest) {
  const auto bulk = [](Duration on, Duration off) {
    const auto spec = with_cross_traffic({.from = {},
                                          .to = {},
                                          .kind = CrossTrafficKind::on_off,
                                          .rate = BitRate::mbit(4),
                                          .on = on,
                                          .off = off});
    return Bulk(spec).run({{0, 2}}, Duration::s(4), Duration::s(24)).mbit_per_s[0];
  };
  const double share = 1448.0 / 1500;
  const double always = bulk(Duration::s(1), Duration{}), half = bulk(Duration::s(1), Duration::s(1));
  fmt::print("beside 4 Mbit/s of datagrams: {:.3f}, half of the time {:.3f} of 10 Mbit/s\n", always, half);
  EXPECT_NEAR(always, 6 * share, 0.05 * 6);
  EXPECT_NEAR(half, 8 * share, 0.07 * 8);
}

TEST(CrossTraffic, ABulkConnectionTakesItsShareWhileItIsThere) {
  const auto spec = with_cross_traffic({.from = {},
                                        .to = {},
                                        .kind = CrossTrafficKind::tcp_bulk,
                                        .start = Time::zero() + Duration::s(0),
                                        .stop = Time::zero() + Duration::s(40)});
  const double during = Bulk(spec).run({{0, 2}}, Duration::s(10), Duration::s(40)).mbit_per_s[0];
  const double after = Bulk(spec).run({{0, 2}}, Duration::s(52), Duration::s(62)).mbit_per_s[0];
  fmt::print("beside a bulk connection: {:.3f} Mbit/s, then {:.3f}\n", during, after);
  EXPECT_NEAR(during, 5 * 1448.0 / 1500, 0.25 * 5) << "two CUBIC flows of one RTT share alike";
  // The connection still sends what is in its socket's buffer, 4 MiB at most.
  EXPECT_GT(after, 0.95 * 10 * 1448.0 / 1500);
}

}  // namespace
}  // namespace millrace
