#include "sim/queue/fq_codel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/sim_queue/loaded_link.hpp"

namespace millrace {
namespace {

constexpr Bytes kMtu(1500);

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }

// Packets are named by flow and number; all leave at 0.
class Queue {
 public:
  explicit Queue(std::int64_t full_packets = 1000) : queue_(kMtu * full_packets, kMtu) {}

  auto offer(std::uint32_t flow, Bytes size = kMtu) {
    std::string name(1, static_cast<char>('a' + flow % 26));
    name += std::to_string(numbers_[flow]++);
    return queue_.enqueue({.payload = name, .size = size, .flow = flow}, ms(0));
  }
  std::string take() {
    auto packet = queue_.dequeue(ms(0));
    return packet ? packet->payload : "-";
  }
  std::string take(int count) {
    std::string all = take();
    while (--count > 0) all += " " + take();
    return all;
  }
  const FqCodel<std::string>& queue() const { return queue_; }

 private:
  FqCodel<std::string> queue_;
  std::map<std::uint32_t, int> numbers_;
};

using Offer = FqCodel<std::string>::Offer;

TEST(FqCodel, ServesFlowsInTurnByTheirBytes) {
  Queue queue;
  for (int i = 0; i < 3; ++i) queue.offer(0);
  for (int i = 0; i < 6; ++i) queue.offer(1, Bytes(750));
  for (int i = 0; i < 3; ++i) queue.offer(2);
  EXPECT_EQ(queue.take(13), "a0 b0 b1 c0 a1 b2 b3 c1 a2 b4 b5 c2 -");
}

// A flow may overdraw by less than a packet, and sends less in its next turn.
TEST(FqCodel, WhatAFlowOverdrewItLacksInItsNextTurn) {
  Queue queue;
  for (int i = 0; i < 4; ++i) queue.offer(0, Bytes(1000));
  for (int i = 0; i < 4; ++i) queue.offer(1);
  EXPECT_EQ(queue.take(8), "a0 a1 b0 a2 b1 a3 b2 b3");
}

TEST(FqCodel, ANewFlowGoesBeforeThoseThatKeepAQueue) {
  Queue queue;
  for (int i = 0; i < 4; ++i) queue.offer(0), queue.offer(1);
  EXPECT_EQ(queue.take(4), "a0 b0 a1 b1");
  queue.offer(2, Bytes(100));
  EXPECT_EQ(queue.take(), "c0");
}

// RFC 8290, 4.2: else a flow that comes again and again would always be new.
TEST(FqCodel, AFlowThatComesBackAtOnceIsNotNewAgain) {
  for (const Bytes size : {kMtu, Bytes(100)}) {
    Queue queue;
    for (int i = 0; i < 4; ++i) queue.offer(0), queue.offer(1);
    EXPECT_EQ(queue.take(2), "a0 b0");
    queue.offer(2, size);
    EXPECT_EQ(queue.take(2), "c0 a1");  // c is empty now, and old
    queue.offer(2, size);
    EXPECT_EQ(queue.take(3), "b1 c1 a2");
  }
}

TEST(FqCodel, FlowsShareAQueueWhereTheirHashesAgreeModulo1024) {
  Queue queue;
  queue.offer(1), queue.offer(1);
  queue.offer(1 + 1024);
  queue.offer(2);
  EXPECT_EQ(queue.take(4), "b0 c0 b1 l0") << "flow 1025 is l";
}

TEST(FqCodel, AboveTheLimitTheLongestQueueLosesHalfOfItsBytesFromItsHead) {
  Queue queue(10);
  for (int i = 0; i < 2; ++i) queue.offer(0);
  for (int i = 0; i < 8; ++i) queue.offer(1);
  EXPECT_EQ(queue.offer(0, Bytes(100)), Offer::taken);
  EXPECT_EQ(queue.queue().drops().packets, 4U);
  EXPECT_EQ(queue.queue().drops().bytes, kMtu * 4);
  EXPECT_EQ(queue.queue().packets(), 7U);
  EXPECT_EQ(queue.queue().bytes(), kMtu * 6 + Bytes(100));
  EXPECT_EQ(queue.take(8), "a0 b4 a1 b5 a2 b6 b7 -");
}

TEST(FqCodel, TheLongestQueueIsThatOfTheMostBytesNotPackets) {
  Queue queue(10);
  for (int i = 0; i < 8; ++i) queue.offer(0, Bytes(100));
  for (int i = 0; i < 2; ++i) queue.offer(1);
  queue.offer(0, Bytes(100));
  EXPECT_EQ(queue.take(2), "a0 a1");
  EXPECT_EQ(queue.queue().drops().bytes, kMtu);
}

TEST(FqCodel, LosesAtMost64PacketsAtOnce) {
  Queue queue(200);
  for (int i = 0; i < 201; ++i) queue.offer(0);
  EXPECT_EQ(queue.queue().drops().packets, 64U);
}

TEST(FqCodel, TheOfferedPacketIsDroppedWhereItIsTheLongestQueue) {
  Queue queue(1);
  EXPECT_EQ(queue.offer(0, Bytes(100)), Offer::taken);
  EXPECT_EQ(queue.offer(1), Offer::dropped);
  EXPECT_EQ(queue.offer(2, Bytes(50)), Offer::taken);
  EXPECT_EQ(queue.take(2), "c0 -");
}

TEST(FqCodel, ALimitBelowAPacketHoldsOne) {
  Queue queue(0);
  EXPECT_EQ(queue.offer(0), Offer::taken);
  EXPECT_EQ(queue.take(2), "a0 -");
}

struct Share {
  double mbit_per_s = 0;
  Duration mean, longest;
};

std::map<std::uint32_t, Share> shares(std::vector<Offered> offered, BitRate rate, Time from, Time end) {
  std::stable_sort(offered.begin(), offered.end(),
                   [](const Offered& a, const Offered& b) { return a.at < b.at; });
  FqCodel<Offered> queue(Bytes::kib(256), kMtu);
  std::map<std::uint32_t, Share> shares;
  std::map<std::uint32_t, std::int64_t> counts;
  for (const auto& one : carry(queue, offered, rate)) {
    if (one.packet.at < from || one.packet.at + one.waited >= end) continue;
    auto& share = shares[one.packet.flow];
    share.mbit_per_s += static_cast<double>(one.packet.size.bits()) / (end - from).seconds() / 1e6;
    share.mean += one.waited;
    share.longest = std::max(share.longest, one.waited);
    ++counts[one.packet.flow];
  }
  for (auto& [flow, share] : shares) share.mean = share.mean / counts[flow];
  return shares;
}

void add(std::vector<Offered>& all, const std::vector<Offered>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// Max-min: who asks for less than a share gets it, the others share the rest, whatever their packets' sizes.
TEST(FqCodel, SharesALinkFairlyHoweverMuchIsOffered) {
  std::vector<Offered> offered;
  add(offered, regular(BitRate::mbit(1), Bytes(400), ms(60'000), 0));
  add(offered, at_random(BitRate::mbit(8), kMtu, ms(60'000), Random(1, "b"), 1));
  add(offered, at_random(BitRate::mbit(20), Bytes(300), ms(60'000), Random(1, "c"), 2));
  add(offered, at_random(BitRate::mbit(5), Bytes(700), ms(60'000), Random(1, "d"), 3));
  auto share = shares(offered, BitRate::mbit(10), ms(20'000), ms(60'000));
  EXPECT_NEAR(share[0].mbit_per_s, 1, 0.01);
  for (const std::uint32_t flow : {1U, 2U, 3U}) EXPECT_NEAR(share[flow].mbit_per_s, 3, 0.03) << flow;
}

// Its packet waits for the one that is on the link, and those of other new flows: none after the beginning.
TEST(FqCodel, ASparseFlowWaitsForOnePacketAtMost) {
  std::vector<Offered> offered;
  for (std::uint32_t flow = 1; flow <= 8; ++flow)
    add(offered, regular(BitRate::mbit(2), kMtu, ms(30'000), flow));
  add(offered, regular(BitRate::kbit(16), Bytes(100), ms(30'000), 0, Time::at_ns(333'333)));
  auto share = shares(offered, BitRate::mbit(10), ms(1'000), ms(30'000));
  EXPECT_NEAR(share[0].mbit_per_s, 0.016, 0.0001);
  EXPECT_LE(share[0].longest, Duration::us(1'200));
  EXPECT_GT(share[1].mean, Duration::ms(5)) << "beside it there is a standing queue";
}

}  // namespace
}  // namespace millrace
