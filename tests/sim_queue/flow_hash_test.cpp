#include "sim/queue/flow_hash.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "sim/queue/fq_codel.hpp"

namespace millrace {
namespace {

constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17;

struct Header {
  std::uint32_t from = 0xC612'0001, to = 0xC612'0002;
  std::uint16_t source_port = 40'000, target_port = 5001;
  std::uint8_t protocol = kTcp, options = 0;  // words of IPv4 options
  std::uint16_t fragment = 0;                 // flags and offset

  std::vector<std::byte> bytes() const {
    std::vector<std::byte> packet(20 + 4U * options + 20);
    const auto put = [&](std::size_t at, std::uint64_t value, std::size_t size) {
      for (std::size_t i = 0; i < size; ++i)
        packet[at + size - 1 - i] = static_cast<std::byte>(value >> 8 * i);
    };
    put(0, 0x45U + options, 1);
    put(6, fragment, 2);
    put(8, 64, 1);
    put(9, protocol, 1);
    put(12, from, 4);
    put(16, to, 4);
    put(20 + 4U * options, source_port, 2);
    put(22 + 4U * options, target_port, 2);
    return packet;
  }
  std::uint32_t hash(std::uint64_t salt = 1) const { return flow_hash(bytes(), salt); }
};

TEST(FlowHash, EachPartOfTheFiveTupleMakesAnotherFlow) {
  const std::set<std::uint32_t> hashes{
      Header{}.hash(),
      Header{.from = 0xC612'0002}.hash(),
      Header{.to = 0xC612'0001}.hash(),
      Header{.source_port = 40'001}.hash(),
      Header{.target_port = 5002}.hash(),
      Header{.protocol = kUdp}.hash(),
      Header{.from = 0xC612'0002, .to = 0xC612'0001, .source_port = 5001, .target_port = 40'000}.hash()};
  EXPECT_EQ(hashes.size(), 7U);
}

TEST(FlowHash, AnotherSaltSeparatesOtherFlows) {
  EXPECT_NE(Header{}.hash(1), Header{}.hash(2));
  // Flows that share a queue under one salt do not under another.
  const auto queue = [](std::uint16_t port, std::uint64_t salt) {
    return Header{.source_port = port}.hash(salt) % FqCodel<int>::kQueues;
  };
  int together = 0, still = 0;
  for (std::uint16_t port = 1; port < 20'000; ++port) {
    if (queue(port, 1) != queue(0, 1)) continue;
    ++together;
    still += queue(port, 2) == queue(0, 2);
  }
  EXPECT_GT(together, 5);
  EXPECT_LE(still, 2);
}

TEST(FlowHash, WhatIsNotOfTheFiveTupleIsOfTheSameFlow) {
  const auto flow = Header{}.hash();
  auto packet = Header{}.bytes();
  packet[1] = packet[2] = packet[3] = packet[4] = packet[5] = std::byte{0xA5};  // class, length, number
  packet[6] = std::byte{0x40};                                                  // "do not fragment"
  packet[8] = packet[10] = packet[11] = std::byte{0x5A};                        // time to live, checksum
  packet[30] = std::byte{1};                                                    // of TCP
  packet.resize(1500, std::byte{7});
  EXPECT_EQ(flow_hash(packet, 1), flow);
  EXPECT_EQ((Header{.options = 10}.hash()), flow) << "the ports lie behind the options";
}

// Only the first fragment has ports.
TEST(FlowHash, AllFragmentsAreOfOneFlow) {
  const auto first = Header{.fragment = 0x2000}.hash();
  EXPECT_EQ((Header{.source_port = 7, .fragment = 0x2000 + 185}.hash()), first);
  EXPECT_EQ((Header{.source_port = 8, .fragment = 370}.hash()), first);
}

TEST(FlowHash, ProtocolsWithoutPortsAreHashedWithout) {
  EXPECT_EQ((Header{.source_port = 1, .protocol = kIcmp}.hash()),
            (Header{.source_port = 2, .protocol = kIcmp}.hash()));
  EXPECT_NE((Header{.to = 9, .protocol = kIcmp}.hash()), (Header{.protocol = kIcmp}.hash()));
}

TEST(FlowHash, BytesThatAreNoIpv4PacketAreOneFlow) {
  const auto none = flow_hash({}, 1);
  auto packet = Header{}.bytes();
  EXPECT_EQ(flow_hash(std::span(packet).first(19), 1), none);
  packet[0] = std::byte{0x65};  // IPv6
  EXPECT_EQ(flow_hash(packet, 1), none);
  packet[0] = std::byte{0x44};  // a header of 16 bytes
  EXPECT_EQ(flow_hash(packet, 1), none);
}

TEST(FlowHash, APacketThatEndsBeforeItsPortsHasNone) {
  const auto one = Header{.source_port = 1}.bytes(), other = Header{.source_port = 2}.bytes();
  for (const std::size_t size : {20, 21, 22, 23})
    EXPECT_EQ(flow_hash(std::span(one).first(size), 1), flow_hash(std::span(other).first(size), 1)) << size;
  EXPECT_NE(flow_hash(std::span(one).first(24), 1), flow_hash(std::span(other).first(24), 1));
}

// 100,000 connections of one pair over 1024 queues. Chi-squared with 1023 degrees of freedom: mean 1023,
// standard deviation 45.
TEST(FlowHash, SpreadsConnectionsEvenly) {
  std::array<int, FqCodel<int>::kQueues> queues{};
  constexpr int kFlows = 100'000;
  for (int i = 0; i < kFlows; ++i)
    ++queues[Header{.source_port = static_cast<std::uint16_t>(i % 50'000),
                    .target_port = static_cast<std::uint16_t>(5000 + i / 50'000)}
                 .hash() %
             queues.size()];
  const double expected = static_cast<double>(kFlows) / static_cast<double>(queues.size());
  double chi_squared = 0;
  for (const int queue : queues) chi_squared += (queue - expected) * (queue - expected) / expected;
  EXPECT_NEAR(chi_squared, 1023, 5 * 45);
}

}  // namespace
}  // namespace millrace
