// One emulated link alone, with the kernel's own TCP and UDP over it: what a run on real links rests on.
// Label netns, needs root. The tolerances are those that the link must keep on an idle machine.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <thread>

#include "sim/links/open_socket.hpp"
#include "sim/links/packet_probe.hpp"
#include "sim/links/real_links.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/trace/trace_reader.hpp"

namespace millrace {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
constexpr Duration kLateness = Duration::s(1);  // lateness is measured, and does not end these tests
constexpr const char* kFirst = "198.18.1.1";
constexpr const char* kSecond = "198.18.1.2";
constexpr std::uint16_t kPort = 4000;

sockaddr_in address_of(const char* text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  inet_pton(AF_INET, text, &address.sin_addr);
  return address;
}

class ATapLink : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
    if (auto possible = NetworkNamespace::create(); !possible) GTEST_SKIP() << possible.error().message;
  }
  // a <-> b, both directions alike.
  void make(const LinkSpec& one_way) {
    spec_.devices = {"a", "b"};
    spec_.tcp_variant = "cubic";
    auto back = one_way;
    std::swap(back.from, back.to);
    spec_.links = {one_way, back};
    auto links = RealLinks::build(spec_, kLateness);
    ASSERT_TRUE(links) << links.error().message;
    links_ = std::move(*links);
    const auto started = links_->start();
    ASSERT_TRUE(started) << started.error().message;
  }
  static LinkSpec link(const LinkRate& rate, Duration delay) {
    return {.from = {0}, .to = {1}, .rate = rate, .delay = delay};
  }
  OpenSocket socket_at(std::uint32_t device, int type) const {
    int handle = -1;
    auto made = links_->device({device}).within([&]() -> Result<void> {
      handle = socket(AF_INET, type | SOCK_CLOEXEC, 0);
      return {};
    });
    EXPECT_TRUE(made && handle >= 0);
    return OpenSocket(handle);
  }
  OpenSocket bound_at(std::uint32_t device, int type, const char* address) const {
    auto made = socket_at(device, type);
    const auto own = address_of(address);
    EXPECT_EQ(bind(made.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
    return made;
  }
  // Payload per second of one TCP connection from a to b, after a warm-up.
  double goodput_bit_per_s(Seconds warm_up, Seconds measured) const;
  double median_round_trip_ms(int pings) const;

  NetworkSpec spec_;
  std::unique_ptr<RealLinks> links_;
};

double ATapLink::goodput_bit_per_s(Seconds warm_up, Seconds measured) const {
  const auto listener = bound_at(1, SOCK_STREAM, kSecond);
  EXPECT_EQ(listen(listener.get(), 1), 0);
  const auto sender = socket_at(0, SOCK_STREAM);
  std::thread sending([&] {
    const auto target = address_of(kSecond);
    if (connect(sender.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) return;
    const std::vector<char> data(1 << 16);
    while (send(sender.get(), data.data(), data.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  const OpenSocket receiver(accept(listener.get(), nullptr, nullptr));
  std::vector<char> data(1 << 20);
  const auto begin = Clock::now();
  std::optional<Clock::time_point> first, last;
  double bytes = 0;
  while (Clock::now() - begin < warm_up + measured) {
    const auto size = recv(receiver.get(), data.data(), data.size(), 0);
    if (size <= 0) break;
    const auto now = Clock::now();
    if (now - begin < warm_up) continue;
    // What came with the first one was under way before it.
    if (first) bytes += static_cast<double>(size);
    if (!first) first = now;
    last = now;
  }
  shutdown(receiver.get(), SHUT_RDWR);
  shutdown(sender.get(), SHUT_RDWR);
  sending.join();
  return first && last > first ? 8 * bytes / Seconds(*last - *first).count() : 0;
}

// Neither end sleeps: what a sleeping processor needs to wake up is not the link's.
double ATapLink::median_round_trip_ms(int pings) const {
  const auto a = bound_at(0, SOCK_DGRAM, kFirst), b = bound_at(1, SOCK_DGRAM, kSecond);
  std::atomic<bool> ended{false};
  std::thread echo([&] {
    std::array<char, 64> data{};
    for (int i = 0; i < pings; ++i) {
      sockaddr_in from{};
      socklen_t length = sizeof from;
      ssize_t size = -1;
      while (size < 0 && !ended)
        size = recvfrom(b.get(), data.data(), data.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from),
                        &length);
      if (size <= 0) return;
      sendto(b.get(), data.data(), static_cast<std::size_t>(size), 0, reinterpret_cast<sockaddr*>(&from),
             length);
    }
  });
  std::vector<double> times;
  const auto target = address_of(kSecond);
  std::array<char, 36> data{};  // packets of 64 B
  for (int i = 0; i < pings; ++i) {
    const auto begin = Clock::now();
    sendto(a.get(), data.data(), data.size(), 0, reinterpret_cast<const sockaddr*>(&target), sizeof target);
    while (recv(a.get(), data.data(), data.size(), MSG_DONTWAIT) <= 0 && Clock::now() - begin < Seconds(2)) {
    }
    times.push_back(1e3 * Seconds(Clock::now() - begin).count());
  }
  ended = true;
  echo.join();
  if (times.empty()) return -1;
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  return times[times.size() / 2];
}

// 1448 of 1500 bytes are payload: IPv4 20, TCP 20, timestamps 12.
TEST_F(ATapLink, CarriesTheKernelsTcpAtItsRate) {
  for (const double mbit : {1.0, 5.0, 20.0, 100.0, 200.0}) {
    SCOPED_TRACE(mbit);
    const auto rate = BitRate(std::llround(mbit * 1e6));
    ASSERT_NO_FATAL_FAILURE(make(link(rate, Duration::ms(2))));
    const double goodput = goodput_bit_per_s(Seconds(1), Seconds(mbit < 2 ? 8 : 3));
    const double share = goodput / (mbit * 1e6 * 1448 / 1500);
    EXPECT_NEAR(share, 1, 0.005);
    EXPECT_TRUE(links_->stop());
    std::cout << mbit << " Mbit/s: goodput " << share << " of the payload's share\n";
  }
}

TEST_F(ATapLink, CarriesFiveHundredMegabits) {
  ASSERT_NO_FATAL_FAILURE(make(link(BitRate::mbit(2000), Duration::ms(1))));
  const double goodput = goodput_bit_per_s(Seconds(1), Seconds(3));
  std::cout << "a link of 2 Gbit/s: " << goodput / 1e6 << " Mbit/s of payload\n";
  EXPECT_GE(goodput * 1500 / 1448, 500e6);
}

TEST_F(ATapLink, DelaysByWhatIsAsked) {
  for (const int ms : {1, 10, 75, 150}) {
    SCOPED_TRACE(ms);
    ASSERT_NO_FATAL_FAILURE(make(link(BitRate::mbit(100), Duration::ms(ms))));
    const double median = median_round_trip_ms(ms > 20 ? 20 : 100);
    EXPECT_NEAR(median, 2 * (ms + 64 * 8 / 100e3), 0.2);
    ASSERT_TRUE(links_->stop());
    std::cout << ms << " ms: round trip " << median << " ms; frames late by "
              << links_->lateness().percentile(0.5).milliseconds() << " ms\n";
  }
}

TEST_F(ATapLink, LosesAsOftenAsIsAsked) {
  for (const double loss : {0.001, 0.01, 0.1}) {
    SCOPED_TRACE(loss);
    auto lossy = link(BitRate::mbit(100), Duration::ms(1));
    lossy.loss = loss;
    ASSERT_NO_FATAL_FAILURE(make(lossy));
    const auto found =
        measure_packets({{links_->device({0}), links_->device({1}), kSecond, BitRate::mbit(100), Bytes(1500)},
                         Duration::ms(1)});
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_TRUE(believable_loss(found->sent - found->received, found->sent, loss, 1))
        << found->sent - found->received << " of " << found->sent;
  }
}

// Saturated by datagrams, so that what arrives is all that the recording could carry. It begins after a
// second, when the queue is full.
TEST_F(ATapLink, ReplaysRecordings) {
  constexpr std::uint64_t kBefore = 1000, kReplayed = 10'000;  // ms
  int replayed = 0;
  for (const char* name : {"ATT-LTE-driving-2016.up", "ATT-LTE-driving-2016.down", "Verizon-LTE-short.up",
                           "Verizon-LTE-short.down", "TMobile-LTE-short.up"}) {
    SCOPED_TRACE(name);
    const std::string path = std::string(MILLRACE_SOURCE_DIR) + "/../shared/traces/mahimahi/" + name;
    if (!std::ifstream(path)) continue;
    const auto whole = read_trace(path, {});
    ASSERT_TRUE(whole) << whole.error().message;
    std::vector<std::uint64_t> instants;
    for (const auto ms : std::get<std::shared_ptr<const DeliverySchedule>>(*whole)->milliseconds())
      if (ms < kReplayed) instants.push_back(ms + kBefore);
    const double expected = 1500.0 * static_cast<double>(instants.size());
    instants.push_back(1'000'000);
    const auto schedule = DeliverySchedule::make(std::move(instants));
    ASSERT_TRUE(schedule) << schedule.error().message;
    auto recorded = link(std::make_shared<const DeliverySchedule>(*schedule), Duration::ms(5));
    recorded.queue = Bytes::kib(256);
    spec_.cross_traffic = {{.from = {0}, .to = {1}, .rate = BitRate::mbit(300), .on = Duration::s(3600)}};
    ASSERT_NO_FATAL_FAILURE(make(recorded));
    std::this_thread::sleep_for(std::chrono::milliseconds(kBefore + kReplayed + 100));
    ASSERT_TRUE(links_->stop());
    const auto carried = static_cast<double>(links_->cross_traffic()->counts(0).arrived_bytes);
    EXPECT_NEAR(carried / expected, 1, 0.002);
    std::cout << name << ": " << carried / expected << " of " << expected << " bytes\n";
    ++replayed;
  }
  if (replayed == 0) GTEST_SKIP() << "needs ../shared/traces (recordings)";
}

}  // namespace
}  // namespace millrace
