// ns-3's TCP with Linux's behaviour: rates under loss against those of a kernel, and what happens after
// pauses and to the end of a message.
#include "sim/ns3/linux_tcp.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/sim_ns3/bulk.hpp"
#include "tests/support/linux_tcp_rates.hpp"

namespace millrace {
namespace {

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }

NetworkSpec path(const std::string& tcp, BitRate rate, Duration delay, double loss = 0) {
  NetworkSpec spec;
  spec.devices = {"a", "b"};
  spec.tcp_variant = tcp;
  join(spec, 0, 1, rate, delay);
  for (auto& link : spec.links) link.loss = loss;
  return spec;
}

// Five points of the table; Linux's own runs differ by up to 20 %.
TEST(LinuxTcp, GetsUnderLossWhatLinuxGets) {
  double sum = 0;
  int count = 0;
  for (const auto& row : kLinuxTcpRates) {
    const std::pair at(row.loss_percent, row.delay_ms);
    using Point = std::pair<double, std::int64_t>;
    constexpr std::array<Point, 5> kPoints{{{0.5, 5}, {0.5, 20}, {1, 5}, {1, 50}, {2, 20}}};
    if (std::ranges::find(kPoints, at) == kPoints.end()) continue;
    for (const auto& [tcp, linux] : row.by_name()) {
      double got = 0;
      const bool steady = tcp == "bbr";
      const std::uint64_t seeds = steady ? 1 : 3;
      for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        auto spec = path(tcp, BitRate::mbit(20), Duration::ms(row.delay_ms), row.loss_percent / 100);
        spec.seed = seed;
        got += Bulk(spec).run({{0, 1}}, Duration::s(2), Duration::s(steady ? 12 : 22)).mbit_per_s[0] /
               static_cast<double>(seeds);
      }
      const double error = got / linux - 1;
      fmt::print("{:5} {} %, {} ms: {:.2f} Mbit/s, Linux {:.2f}: {:+.1f} %\n", tcp, row.loss_percent,
                 row.delay_ms, got, linux, 100 * error);
      EXPECT_LT(std::abs(error), 0.25) << tcp;
      sum += std::abs(error);
      ++count;
    }
  }
  fmt::print("mean error {:.1f} %\n", 100 * sum / count);
  EXPECT_LT(sum / count, 0.1);
}

// Sends a message and returns how long it is under way.
Duration takes(Network& network, std::uint64_t id, Time at, Bytes size) {
  network.submit(at, {TransferId{id}, DeviceId{0}, DeviceId{1}, size});
  const auto delivered = network.run_until(Time::never());
  return delivered ? delivered->at - at : Duration::max();
}

// 40 packets of 1448 bytes over 50 ms one way: with the window of a bulk transfer they go at once, and with
// the ten packets after a pause in three rounds.
TEST(LinuxTcp, APauseRestartsTheWindow) {
  for (const auto* tcp : {"cubic", "reno"}) {
    auto network = make_ns3_network(path(tcp, BitRate::mbit(100), Duration::ms(50))).value();
    takes(*network, 0, ms(0), Bytes(1448 * 400));
    const auto soon = takes(*network, 1, network->now() + Duration::ms(5), Bytes(1448 * 40));
    EXPECT_LT(soon, Duration::ms(70)) << tcp;
    const auto later = takes(*network, 2, network->now() + Duration::s(5), Bytes(1448 * 40));
    EXPECT_GT(later, Duration::ms(250)) << tcp;
    EXPECT_LT(later, Duration::ms(280)) << tcp;
  }
}

TEST(LinuxTcp, ConnectionsOfAPlanAreOpenFromTheStart) {
  auto spec = path("cubic", BitRate::mbit(100), Duration::ms(50));
  auto lazy = make_ns3_network(spec).value();
  EXPECT_GT(takes(*lazy, 0, ms(1000), Bytes(1000)), Duration::ms(150));
  lazy.reset();
  spec.connections = {{DeviceId{0}, DeviceId{1}}};
  auto open = make_ns3_network(spec).value();
  const auto took = takes(*open, 0, ms(1000), Bytes(1000));
  EXPECT_GE(took, Duration::ms(50));
  EXPECT_LT(took, Duration::ms(51));
  open.reset();
  auto at_once = make_ns3_network(spec).value();
  EXPECT_LT(takes(*at_once, 0, ms(0), Bytes(1000)), Duration::ms(51)) << "the handshake was before time 0";
}

// Also where the first packets of all would be lost.
TEST(LinuxTcp, ConnectionsOfAPlanAreOpenWhateverTheLinksDoAtTimeZero) {
  auto spec = path("cubic", BitRate::mbit(100), Duration::ms(50));
  spec.connections = {{DeviceId{0}, DeviceId{1}}};
  for (auto& link : spec.links) {
    link.loss.set(ms(0), 1);
    link.loss.set(ms(900), 0);
  }
  auto network = make_ns3_network(spec).value();
  EXPECT_LT(takes(*network, 0, ms(1000), Bytes(1000)), Duration::ms(51));
}

// Ten packets at 2.885 windows per round trip of 100 ms: one each 3.5 ms, the last after 31.5 ms.
TEST(LinuxTcp, BbrPacesTheFirstWindow) {
  auto spec = path("bbr", BitRate::mbit(100), Duration::ms(50));
  spec.connections = {{DeviceId{0}, DeviceId{1}}};
  auto network = make_ns3_network(spec).value();
  EXPECT_NEAR(takes(*network, 0, ms(0), Bytes(1448 * 10)).milliseconds(), 50 + 31.5, 1.5);
}

// Messages of 30 packets, less than the link carries in its round trip of 100 ms, say how much was asked of
// it: startup goes on. The rate x is that of 30 packets in a round trip and the time to pace them at 2.885 x,
// 195 per second: the last packet leaves after 54 ms. Without startup they would take 150 ms.
TEST(LinuxTcp, BbrStaysInStartupWhileMessagesAreShort) {
  auto spec = path("bbr", BitRate::mbit(100), Duration::ms(50));
  spec.connections = {{DeviceId{0}, DeviceId{1}}};
  auto network = make_ns3_network(spec).value();
  for (std::uint64_t id = 0; id < 20; ++id) {
    const auto took = takes(*network, id, ms(400 * static_cast<std::int64_t>(id)), Bytes(1448 * 30));
    if (id < 10) continue;
    EXPECT_LT(took, Duration::ms(50 + 54 + 20)) << id;
  }
}

// The last two packets are lost. A probe after two round trips of 20 ms repeats one and shows the other; the
// time-out is above 220 ms.
TEST(LinuxTcp, ALostTailIsFoundByAProbe) {
  for (const auto* tcp : {"cubic", "reno", "bbr"}) {
    auto spec = path(tcp, BitRate::mbit(12), Duration::ms(10));
    spec.connections = {{DeviceId{0}, DeviceId{1}}};
    spec.links[0].loss.set(ms(1007) + Duration::us(500), 1);  // nine packets of 1 ms
    spec.links[0].loss.set(ms(1015), 0);
    auto network = make_ns3_network(spec).value();
    const auto took = takes(*network, 0, ms(1000), Bytes(1448 * 9));
    EXPECT_GT(took, Duration::ms(60)) << tcp;
    EXPECT_LT(took, Duration::ms(160)) << tcp;
  }
}

}  // namespace
}  // namespace millrace
