// The carrying of frames between file descriptors: here socket pairs, so that no root is needed. Upper bounds
// of times are those of tests/links/real_links_test.cpp; here only what must hold on any machine.
#include "sim/links/link_emulator.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>
#include <utility>

#include "sim/queue/make_queue_disc.hpp"

namespace millrace {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kHeader = 14, kPacket = 1000;

// Both ends of a wire between two devices; frames are datagrams.
class Wire {
 public:
  Wire() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends_.data()), 0);
    const int much = 8 << 20;
    for (const int end : ends_) setsockopt(end, SOL_SOCKET, SO_SNDBUFFORCE, &much, sizeof much);
  }
  ~Wire() {
    for (const int end : ends_) close(end);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  int device() const { return ends_[0]; }  // what the emulator reads or writes
  int far_end() const { return ends_[1]; }

 private:
  std::array<int, 2> ends_{};
};

// An IPv4 packet of UDP in a frame, with a number in it.
std::vector<std::byte> frame(std::uint8_t number, std::size_t packet = kPacket, std::uint16_t type = 0x0800) {
  std::vector<std::byte> bytes(kHeader + packet);
  bytes[12] = static_cast<std::byte>(type >> 8);
  bytes[13] = static_cast<std::byte>(type & 0xFF);
  bytes[kHeader] = std::byte{0x45};
  bytes[kHeader + 9] = std::byte{17};
  bytes.back() = static_cast<std::byte>(number);
  return bytes;
}

class ALinkEmulator : public testing::Test {
 protected:
  void carry(LinkEmulator::Sender::Setup setup, Duration limit = Duration::s(60),
             std::unique_ptr<QueueDisc<LinkEmulator::Carried>> discipline = {}) {
    if (!emulator_)
      emulator_.emplace(std::vector<LinkEmulator::Direction>{{.name = "a -> b",
                                                              .from = here_.device(),
                                                              .to = there_.device(),
                                                              .own = std::nullopt,
                                                              .carrier = 0}},
                        limit);
    std::vector<LinkEmulator::Setup> setups;
    setups.push_back({.link = std::move(setup), .discipline = std::move(discipline)});
    emulator_->carry_as(std::move(setups));
    began_ = Clock::now();
  }
  static LinkEmulator::Sender::Setup link(BitRate rate, Duration delay = {}, Bytes queue = Bytes::kib(64),
                                          double loss = 0) {
    return {
        .rate = rate, .delay = delay, .queue = queue, .loss = PacketLoss(loss, std::nullopt, Random(1, "x"))};
  }
  void send(std::uint8_t number, std::size_t packet = kPacket) const {
    const auto bytes = frame(number, packet);
    ASSERT_EQ(write(here_.far_end(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  // The next frame's number and its instant since carry(); nothing within the time.
  std::optional<std::pair<int, double>> next(milliseconds patience = milliseconds(5000)) const {
    std::array<std::byte, 2000> bytes{};
    for (const auto give_up = Clock::now() + patience; Clock::now() < give_up;) {
      const auto size = read(there_.far_end(), bytes.data(), bytes.size());
      if (size > 0) {
        const std::chrono::duration<double> at = Clock::now() - began_;
        return std::pair(std::to_integer<int>(bytes[static_cast<std::size_t>(size) - 1]), at.count());
      }
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    return std::nullopt;
  }

  Wire here_, there_;
  std::optional<LinkEmulator> emulator_;
  Clock::time_point began_;
};

TEST_F(ALinkEmulator, HandsOverInOrderAndNeverBeforeItsTime) {
  carry(link(BitRate::kbit(800), Duration::ms(30)));  // 10 ms per packet of 1000 B
  for (std::uint8_t i = 0; i < 10; ++i) send(i);
  for (int i = 0; i < 10; ++i) {
    const auto arrived = next();
    ASSERT_TRUE(arrived) << i;
    EXPECT_EQ(arrived->first, i);
    EXPECT_GE(arrived->second, 0.030 + 0.010 * (i + 1) - 1e-6) << i;
  }
  emulator_->stop();
  EXPECT_EQ(emulator_->counts(0).delivered, 10U);
  EXPECT_EQ(emulator_->lateness().count(), 10U);
  EXPECT_FALSE(emulator_->failure());
}

TEST_F(ALinkEmulator, DropsWhatTheQueueDoesNotHold) {
  carry(link(BitRate::kbit(80), {}, Bytes(3000)));  // 100 ms each: the first is sent, three wait
  for (std::uint8_t i = 0; i < 10; ++i) send(i);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(next().value_or(std::pair(-1, 0.0)).first, i);
  EXPECT_FALSE(next(milliseconds(300)));
  emulator_->stop();
  EXPECT_EQ(emulator_->counts(0).dropped, 6U);
}

TEST_F(ALinkEmulator, LosesWhatPacketLossSays) {
  constexpr int kPackets = 200;
  carry(link(BitRate::mbit(1000), {}, Bytes::kib(1024), 0.3));
  PacketLoss same(0.3, std::nullopt, Random(1, "x"));
  for (int i = 0; i < kPackets; ++i) send(static_cast<std::uint8_t>(i));
  int lost = 0;
  for (int i = 0; i < kPackets; ++i) {
    if (same.loses(Time::zero())) {
      ++lost;
      continue;
    }
    EXPECT_EQ(next().value_or(std::pair(-1, 0.0)).first, i);
  }
  EXPECT_FALSE(next(milliseconds(50)));
  emulator_->stop();
  EXPECT_EQ(emulator_->counts(0).lost, static_cast<std::uint64_t>(lost));
}

TEST_F(ALinkEmulator, WhatIsNotIpIsNotCarried) {
  carry(link(BitRate::mbit(100)));
  const auto arp = frame(7, kPacket, 0x0806);
  ASSERT_GT(write(here_.far_end(), arp.data(), arp.size()), 0);
  send(8);
  EXPECT_EQ(next().value_or(std::pair(-1, 0.0)).first, 8);
}

TEST_F(ALinkEmulator, AnotherLinkBeginsAtItsOwnTimeZeroWithAnEmptyQueue) {
  carry(link(BitRate(8000)));  // 1 s per packet
  for (std::uint8_t i = 0; i < 5; ++i) send(i);
  std::this_thread::sleep_for(milliseconds(50));
  const auto trace = RateTrace::make({{Duration{}, BitRate()}, {Duration::ms(200), BitRate::mbit(100)}},
                                     Duration::s(9), TraceEnd::hold);
  carry({.rate = std::make_shared<const RateTrace>(*trace),
         .delay = {},
         .queue = Bytes::kib(64),
         .loss = PacketLoss(0.0, std::nullopt, Random(1, "x"))});
  send(9);
  const auto arrived = next();
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrived->first, 9);
  EXPECT_GE(arrived->second, 0.19);
}

TEST_F(ALinkEmulator, RemembersTheFirstFrameThatWasTooLate) {
  carry(link(BitRate::mbit(100)), Duration::ns(-1));  // every frame is later than that
  send(1);
  ASSERT_TRUE(next());
  emulator_->stop();
  ASSERT_TRUE(emulator_->too_late());
  EXPECT_EQ(emulator_->too_late()->name, "a -> b");
}

// Two directions on one medium of 10 ms per packet: what they send takes its turn on it.
TEST_F(ALinkEmulator, DirectionsOfOneMediumTakeTurns) {
  const Wire other, far;
  LinkEmulator emulator(
      {{.name = "a -> b", .from = here_.device(), .to = there_.device(), .own = std::nullopt, .carrier = 0},
       {.name = "c -> d", .from = other.device(), .to = far.device(), .own = std::nullopt, .carrier = 0}},
      Duration::s(60));
  std::vector<LinkEmulator::Setup> medium;
  medium.push_back({.link = link(BitRate::kbit(800))});
  emulator.carry_as(std::move(medium));
  began_ = Clock::now();
  const auto from_c = frame(100);
  for (std::uint8_t i = 0; i < 5; ++i) {
    send(i);
    ASSERT_GT(write(other.far_end(), from_c.data(), from_c.size()), 0);
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(next().value_or(std::pair(-1, 0.0)).first, i);
  std::this_thread::sleep_for(milliseconds(100));
  emulator.stop();
  EXPECT_GE(Clock::now() - began_, milliseconds(100));
  for (const std::size_t direction : {0U, 1U})
    EXPECT_EQ(emulator.counts(direction).delivered, 5U) << direction;
  std::array<std::byte, 2000> bytes{};
  int arrived = 0;
  while (read(far.far_end(), bytes.data(), bytes.size()) > 0) ++arrived;
  EXPECT_EQ(arrived, 5) << "at the device of their own direction";
}

// 10 ms per packet; those of flow b find the queue full of flow a's, and FQ-CoDel gives them their turn.
TEST_F(ALinkEmulator, AsksItsQueueDisciplineWhichPacketGoes) {
  carry(link(BitRate::kbit(800)), Duration::s(60),
        make_queue_disc<LinkEmulator::Carried>(QueueDiscipline::fq_codel,
                                               {.limit = Bytes::kib(64), .mtu = Bytes(kPacket)}));
  for (std::uint8_t i = 0; i < 20; ++i) send(i);
  auto other = frame(100);
  other[kHeader + 15] = std::byte{9};  // from another address
  ASSERT_GT(write(here_.far_end(), other.data(), other.size()), 0);
  int before = 0;
  for (auto arrived = next(); arrived && arrived->first != 100; arrived = next()) ++before;
  EXPECT_LE(before, 3) << "the one on the link, and a turn of the other flow";
}

TEST_F(ALinkEmulator, CountsWhatItsQueueDisciplineDrops) {
  carry(link(BitRate::kbit(80)), Duration::s(60),
        make_queue_disc<LinkEmulator::Carried>(QueueDiscipline::codel,
                                               {.limit = Bytes(3 * kPacket), .mtu = Bytes(kPacket)}));
  for (std::uint8_t i = 0; i < 10; ++i) send(i);  // one is sent, three wait
  std::this_thread::sleep_for(milliseconds(50));
  emulator_->stop();
  EXPECT_EQ(emulator_->counts(0).dropped, 6U);
}

// Of all packets that have left, lost or not, with the instants at which their last bits did.
TEST_F(ALinkEmulator, CapturesWhatLeaves) {
  const std::string path = testing::TempDir() + "captures_what_leaves.pcap";
  std::vector<std::string> unwritten;
  LinkEmulator emulator(
      {{.name = "a -> b", .from = here_.device(), .to = there_.device(), .own = std::nullopt, .carrier = 0}},
      Duration::s(60));
  auto file = PcapFile::create(path, unwritten);
  ASSERT_TRUE(file) << file.error().message;
  LinkEmulator::Captures captures(1);
  captures[0].emplace(std::move(*file));
  std::vector<LinkEmulator::Setup> links;
  links.push_back({.link = link(BitRate::kbit(800), {}, Bytes::kib(64), 0.5)});  // 10 ms per packet
  emulator.carry_as(std::move(links), std::move(captures));
  for (std::uint8_t i = 0; i < 8; ++i) send(i);
  std::this_thread::sleep_for(milliseconds(150));
  emulator.stop();
  EXPECT_LT(emulator.counts(0).delivered, 8U);
  EXPECT_TRUE(unwritten.empty());
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  constexpr std::size_t kFileHeader = 24, kRecord = 16 + PcapFile::kLongest;
  ASSERT_EQ(bytes.size(), kFileHeader + 8 * kRecord);
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    std::array<std::uint32_t, 4> record{};  // seconds, nanoseconds, captured, original
    std::memcpy(record.data(), bytes.data() + kFileHeader + i * kRecord, sizeof record);
    EXPECT_EQ(record[3], kPacket);
    if (i > 0) {
      EXPECT_EQ(record[1] - before, 10'000'000U) << i;
    }
    before = record[1];
  }
  std::remove(path.c_str());
}

TEST_F(ALinkEmulator, ADeviceThatIsGoneEndsNothing) {
  carry(link(BitRate::mbit(100)));
  shutdown(there_.far_end(), SHUT_RDWR);
  send(1);
  std::this_thread::sleep_for(milliseconds(20));
  emulator_->stop();
  EXPECT_FALSE(emulator_->failure());
}

}  // namespace
}  // namespace millrace
