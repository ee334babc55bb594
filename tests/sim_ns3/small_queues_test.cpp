// A host's own packets: none of them is dropped, and its connections take turns.
#include "sim/net/small_queues.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <ns3/ipv4-header.h>
#include <ns3/tcp-header.h>
#include <ns3/tcp-option-ts.h>

#include <algorithm>
#include <cmath>

#include "sim/ns3/packet_segment.hpp"
#include "tests/sim_ns3/bulk.hpp"

namespace millrace {
namespace {

constexpr std::uint32_t kFrom = 0x0A000001, kTo = 0x0A000002;

ns3::Ptr<ns3::Packet> segment(std::uint32_t payload, std::uint16_t source_port = 1000, bool options = false,
                              std::uint8_t protocol = 6) {
  auto packet = ns3::Create<ns3::Packet>(payload);
  ns3::TcpHeader tcp;
  tcp.SetSourcePort(source_port);
  tcp.SetDestinationPort(7);
  tcp.SetSequenceNumber(ns3::SequenceNumber32(0xFEDCBA98));
  if (options) tcp.AppendOption(ns3::CreateObject<ns3::TcpOptionTS>());
  packet->AddHeader(tcp);
  ns3::Ipv4Header ip;
  ip.SetSource(ns3::Ipv4Address(kFrom));
  ip.SetDestination(ns3::Ipv4Address(kTo));
  ip.SetProtocol(protocol);
  ip.SetPayloadSize(static_cast<std::uint16_t>(packet->GetSize()));
  packet->AddHeader(ip);
  return packet;
}

TEST(TcpSegment, SaysWhoseItIsAndWhetherItHasData) {
  for (const bool options : {false, true}) {
    const auto data = segment_of(*segment(1, 1000, options));
    ASSERT_TRUE(data);
    EXPECT_EQ(data->from, kFrom);
    EXPECT_EQ(data->flow, (TcpFlow{kTo, 1000, 7}));
    EXPECT_EQ(data->sequence, 0xFEDCBA98);
    EXPECT_EQ(data->bytes, 1U);
    const auto acknowledgement = segment_of(*segment(0, 1000, options));
    ASSERT_TRUE(acknowledgement);
    EXPECT_EQ(acknowledgement->bytes, 0U);
  }
  EXPECT_FALSE(segment_of(*segment(1000, 1000, false, 17))) << "UDP";
  EXPECT_FALSE(segment_of(*ns3::Create<ns3::Packet>(1000))) << "zeros";
  EXPECT_FALSE(segment_of(*ns3::Create<ns3::Packet>(10)));
}

TEST(SmallQueues, FlowsTakeTurnsEachInItsOrderAndNoneHasMoreThanItsShareInTheDevice) {
  SmallQueues<int> queues;
  const TcpFlow a{kTo, 1, 7}, b{kTo, 2, 7};
  const auto packet = [](std::uint32_t size, const TcpFlow& flow, std::uint32_t sequence) {
    return QueuedPacket<int>{
        .payload = 0, .size = Bytes(size + 40), .since = {}, .flow = flow, .sequence = sequence};
  };
  for (std::uint32_t i = 0; i < SmallQueues<int>::kInDevice; ++i) {
    EXPECT_TRUE(queues.may_enter(a));
    queues.entered(packet(1, a, i));
  }
  EXPECT_FALSE(queues.may_enter(a));
  EXPECT_TRUE(queues.may_enter(b));
  for (const std::uint32_t size : {10U, 20U}) queues.wait(packet(size, a, size));
  for (const std::uint32_t size : {30U, 40U}) queues.wait(packet(size, b, size));
  EXPECT_FALSE(queues.may_enter(b)) << "what came before it waits";
  std::vector<std::uint32_t> order;
  const auto take = [&] {
    const auto next = queues.next(Bytes(1500));
    order.push_back(next ? static_cast<std::uint32_t>(next->size.count()) - 40 : 0);
  };
  EXPECT_FALSE(queues.next(Bytes(69))) << "30 + 40 bytes do not fit";
  take();  // of b: a has its share in the device
  queues.left(packet(1, a, 0));
  take();
  take();
  queues.left(packet(1, a, 1));
  take();
  take();
  EXPECT_EQ(order, (std::vector<std::uint32_t>{30, 10, 40, 20, 0}));
  EXPECT_TRUE(queues.empty());
}

TEST(SmallQueues, HoldWhatWaitsOrIsInTheDeviceHoweverItIsCut) {
  SmallQueues<int> queues;
  const TcpFlow a{kTo, 1, 7}, b{kTo, 2, 7};
  const auto packet = [&](std::uint32_t sequence, std::uint32_t bytes) {
    return QueuedPacket<int>{.payload = 0,
                             .size = Bytes(bytes + 40),
                             .since = {},
                             .flow = a,
                             .sequence = sequence,
                             .bytes = bytes};
  };
  const auto holds = [&](std::uint32_t sequence, std::uint32_t bytes, const TcpFlow& flow) {
    return queues.holds({kFrom, flow, sequence, bytes});
  };
  queues.entered(packet(1000, 100));
  queues.wait(packet(1100, 50));
  queues.wait(packet(1200, 100));
  EXPECT_TRUE(holds(1000, 100, a) && holds(1020, 120, a) && holds(1149, 1, a) && holds(1200, 100, a));
  EXPECT_FALSE(holds(999, 10, a) || holds(1100, 51, a) || holds(1150, 10, a) || holds(1250, 51, a));
  EXPECT_FALSE(holds(1000, 100, b));
  queues.left(packet(1000, 100));
  EXPECT_FALSE(holds(1000, 100, a) || holds(1099, 2, a));
  EXPECT_TRUE(holds(1100, 50, a));
}

// An outage while megabytes wait at the link: TCP's retransmission timer fires for data that has not left,
// which Linux does not send again. Only data that have left, and are not yet acknowledged when the first
// acknowledgements come, are sent twice: ns-3 has no F-RTO (RFC 5682).
TEST(SmallQueues, WhatWaitsThroughAnOutageIsHardlyCarriedTwice) {
  NetworkSpec spec;
  spec.devices = {"a", "b"};
  const auto trace = RateTrace::make(
      {{Duration{}, BitRate::mbit(24)}, {Duration::s(5), BitRate(0)}, {Duration::s(9), BitRate::mbit(3)}},
      Duration::s(60), TraceEnd::hold);
  join(spec, 0, 1, std::make_shared<const RateTrace>(trace.value()), Duration::ms(20));
  for (const auto& [from, to, rate] : {std::tuple(1, 5, 24.0), {10, 20, 3.0}, {20, 40, 3.0}}) {
    const auto got = Bulk(spec).run({{0, 1}}, Duration::s(from), Duration::s(to));
    fmt::print("{} to {} s: {:.3f} of {} Mbit/s\n", from, to, got.mbit_per_s[0], rate);
    // Counted in messages of 64 KiB, of which one more or less may fall into the interval.
    const double whole = rate * 1448 / 1500;
    EXPECT_LE(got.mbit_per_s[0], whole + 0.525 / (to - from));
    EXPECT_GE(got.mbit_per_s[0], (from == 10 ? 0.9 : 0.995) * whole - 0.525 / (to - from));
  }
}

// 0 sends through the switch 1 over a slow link; 2 and 3 are joined to the switch.
NetworkSpec star() {
  NetworkSpec spec;
  spec.devices = {"a", "switch", "b", "c"};
  join(spec, 0, 1, BitRate::mbit(10), Duration::ms(1));
  join(spec, 1, 2, BitRate::mbit(1000), Duration::ms(1));
  join(spec, 1, 3, BitRate::mbit(1000), Duration::ms(1));
  return spec;
}

TEST(SmallQueues, AShortMessageDoesNotWaitBehindALongOneOfAnotherConnection) {
  const Probe probe{DeviceId{0}, DeviceId{3}, Bytes(100), Duration::ms(50)};
  const auto got = Bulk(star()).run({{0, 2}}, Duration::s(2), Duration::s(10), probe);
  ASSERT_GT(got.probe_times.size(), 150U);
  // Alone it takes 2 ms and 122 us; ahead of it are four packets of 1.2 ms.
  const auto longest = *std::max_element(got.probe_times.begin(), got.probe_times.end());
  fmt::print("probes: median {:.2f} ms, longest {:.2f} ms; bulk {:.3f} Mbit/s\n",
             median(got.probe_times).seconds() * 1e3, longest.seconds() * 1e3, got.mbit_per_s[0]);
  EXPECT_LE(longest, Duration::us(2122 + 4 * 1200));
  EXPECT_GT(got.mbit_per_s[0], 9.4) << "1448 of 1500 bytes, less the probes";
}

TEST(SmallQueues, ConnectionsOfAHostShareItsLinkEvenly) {
  const auto got = Bulk(star()).run({{0, 2}, {0, 3}}, Duration::s(2), Duration::s(10));
  EXPECT_NEAR(got.mbit_per_s[0], got.mbit_per_s[1], 0.01 * got.mbit_per_s[0]);
  EXPECT_GT(got.mbit_per_s[0] + got.mbit_per_s[1], 9.6);
}

TEST(SmallQueues, WhatAHostForwardsIsNotShutOutByWhatItSendsItself) {
  NetworkSpec spec;
  spec.devices = {"a", "router", "b"};
  join(spec, 0, 1, BitRate::mbit(100), Duration::ms(1));
  join(spec, 1, 2, BitRate::mbit(10), Duration::ms(1), Bytes(25'000));
  const auto got = Bulk(spec).run({{0, 2}, {1, 2}}, Duration::s(2), Duration::s(20));
  fmt::print("forwarded {:.2f}, own {:.2f} Mbit/s\n", got.mbit_per_s[0], got.mbit_per_s[1]);
  for (const double rate : got.mbit_per_s) EXPECT_GT(rate, 1.0);
  EXPECT_GT(got.mbit_per_s[0] + got.mbit_per_s[1], 9.4);
}

}  // namespace
}  // namespace millrace
