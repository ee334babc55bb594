// Real namespaces, interfaces and traffic: label netns, needs root.
#include "sim/links/real_links.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "sim/links/link_probe.hpp"

namespace millrace {
namespace {

// Packets may be late on a machine that does other things; how late they are is not what is tested here.
constexpr Duration kLateness = Duration::s(1);
constexpr double kTolerance = 0.05;  // another process may take the processor while half a second is measured

class RealLinksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
    if (auto possible = NetworkNamespace::create(); !possible) GTEST_SKIP() << possible.error().message;
  }

  // a - b - c in a line; the links carry 20 and 50 Mbit/s.
  static NetworkSpec line() {
    NetworkSpec spec;
    spec.devices = {"a", "b", "c"};
    spec.tcp_variant = "reno";  // allowed on every machine
    for (const auto& [from, to, rate] : {std::tuple(0U, 1U, 20), {1U, 0U, 20}, {1U, 2U, 50}, {2U, 1U, 50}})
      spec.links.push_back({.from = {from}, .to = {to}, .rate = BitRate::mbit(rate)});
    return spec;
  }
};

double ratio(const RealLinks::Probed& probed) {
  return probed.measured.mbit_per_s() / probed.asked.mbit_per_s();
}

ino_t own_namespace() {
  struct stat facts {};
  stat("/proc/thread-self/ns/net", &facts);
  return facts.st_ino;
}

TEST_F(RealLinksTest, EveryLinkOfAWayCarriesItsRate) {
  auto links = RealLinks::build(line(), kLateness);
  ASSERT_TRUE(links) << links.error().message;
  const auto probed = (*links)->probe({{{0}, {2}}});
  ASSERT_TRUE(probed) << probed.error().message;
  ASSERT_EQ(probed->size(), 2U);
  EXPECT_EQ(probed->at(0).asked, BitRate::mbit(20));
  EXPECT_EQ(probed->at(1).asked, BitRate::mbit(50));
  for (const auto& link : *probed) EXPECT_NEAR(ratio(link), 1, kTolerance) << link.from;
}

TEST_F(RealLinksTest, AWayOverTwoLinksIsForwardedAtTheSlowerOnesRate) {
  auto links = RealLinks::build(line(), kLateness);
  ASSERT_TRUE(links) << links.error().message;
  const auto measured = measure_link(
      {(*links)->device({0}), (*links)->device({2}), "198.18.1.3", BitRate::mbit(20), Bytes(1500)});
  ASSERT_TRUE(measured) << measured.error().message;
  EXPECT_NEAR(measured->mbit_per_s(), 20, 20 * kTolerance);
}

TEST_F(RealLinksTest, ALinkThatDoesNotCarryWhatItShouldIsFidelityViolated) {
  auto spec = line();
  spec.links[0].rate = BitRate::mbit(1'000'000);  // more than any of our machines carries
  auto links = RealLinks::build(spec, kLateness);
  ASSERT_TRUE(links) << links.error().message;
  const auto probed = (*links)->probe({{{0}, {1}}});
  ASSERT_FALSE(probed);
  EXPECT_EQ(probed.error().code, ExitCode::fidelity);
  EXPECT_NE(probed.error().message.find("link a -> b: asked 1e+06 Mbit/s, measured "), std::string::npos)
      << probed.error().message;
}

// After 100 ms of outage TCP's queues are full and it sends nothing; the link must resume when the rate is
// back, not when a timer for 1 B/s runs out.
TEST_F(RealLinksTest, AnOutageEndsWhenItsTimeIsOver) {
  auto spec = line();
  const auto trace = RateTrace::make({{Duration::s(0), BitRate::mbit(20)},
                                      {Duration::ms(400), BitRate()},
                                      {Duration::ms(700), BitRate::mbit(20)}},
                                     Duration::s(3), TraceEnd::hold);
  ASSERT_TRUE(trace);
  spec.links[0].rate = std::make_shared<const RateTrace>(*trace);
  auto links = RealLinks::build(spec, kLateness);
  ASSERT_TRUE(links) << links.error().message;
  ASSERT_TRUE((*links)->start());
  const auto begin = std::chrono::steady_clock::now();
  // 200 packets of 1500 bytes, after 0.15 s of warm-up: 120 ms at 20 Mbit/s, so 0.3 s; it spans the outage.
  const auto measured = measure_link(
      {(*links)->device({0}), (*links)->device({1}), "198.18.1.2", BitRate::mbit(5), Bytes(1500)});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  ASSERT_TRUE(measured) << measured.error().message;
  EXPECT_GT(took.count(), 0.7);  // not before the outage is over
  EXPECT_LT(took.count(), 1.5);
  EXPECT_TRUE((*links)->stop());
}

// Half of the time 8 Mbit/s of datagrams, and a connection that takes what they leave of 20 Mbit/s.
TEST_F(RealLinksTest, CrossTrafficTakesItsShare) {
  auto spec = line();
  for (auto& link : spec.links) link.delay = Duration::ms(1);
  spec.cross_traffic = {
      {.from = {0}, .to = {2}, .rate = BitRate::mbit(8), .on = Duration::ms(500), .off = Duration::ms(500)},
      {.from = {0}, .to = {2}, .kind = CrossTrafficKind::tcp_bulk}};
  auto links = RealLinks::build(spec, kLateness);
  ASSERT_TRUE(links) << links.error().message;
  ASSERT_TRUE((*links)->start());
  std::this_thread::sleep_for(std::chrono::seconds(3));
  const auto stopped = (*links)->stop();
  EXPECT_TRUE(stopped) << stopped.error().message;
  const auto& datagrams = (*links)->cross_traffic()->counts(0);
  // 1.5 s of bursts: one packet per 1.5 ms.
  EXPECT_NEAR(static_cast<double>(datagrams.sent_bytes), 1.5e6, 3 * 1500 + 1);
  EXPECT_GE(static_cast<double>(datagrams.arrived_bytes), 0.95 * 1.5e6);
  const double bulk = static_cast<double>((*links)->cross_traffic()->counts(1).arrived_bytes) * 8 / 3e6;
  EXPECT_NEAR(bulk, 16 * 1448 / 1500.0, 1.5);  // Mbit/s
}

TEST_F(RealLinksTest, CrossTrafficBeginsAndEndsWhenItShould) {
  auto spec = line();
  for (const auto kind : {CrossTrafficKind::on_off, CrossTrafficKind::tcp_bulk})
    spec.cross_traffic.push_back({.from = {0},
                                  .to = {1},
                                  .kind = kind,
                                  .rate = BitRate::mbit(2),
                                  .on = Duration::s(10),
                                  .start = Time::zero() + Duration::ms(500),
                                  .stop = Time::zero() + Duration::ms(800)});
  auto links = RealLinks::build(spec, kLateness);
  ASSERT_TRUE(links) << links.error().message;
  ASSERT_TRUE((*links)->start());
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_TRUE((*links)->stop());
  EXPECT_EQ((*links)->cross_traffic()->counts(0).sent_bytes, 300 / 6 * 1500U);
  const auto& bulk = (*links)->cross_traffic()->counts(1);
  EXPECT_EQ(bulk.sent_bytes, bulk.arrived_bytes) << "what the kernel has taken still arrives";
  EXPECT_GT(bulk.arrived_bytes, 300'000U);
}

// Three members of one Ethernet of 10 Mbit/s: two connections share it, with all their acknowledgements.
TEST_F(RealLinksTest, MembersOfAnEthernetSegmentShareIt) {
  NetworkSpec spec;
  spec.devices = {"a", "b", "c"};
  spec.tcp_variant = "reno";
  spec.segments = {
      {.name = "lab", .kind = SegmentKind::csma, .members = {{0}, {1}, {2}}, .rate = BitRate::mbit(10)}};
  for (std::uint32_t from = 0; from < 3; ++from)
    for (std::uint32_t to = 0; to < 3; ++to)
      if (from != to)
        spec.links.push_back({.from = {from}, .to = {to}, .rate = BitRate::mbit(10), .segment = 0});
  for (const std::uint32_t from : {0U, 1U})
    spec.cross_traffic.push_back({.from = {from}, .to = {2}, .kind = CrossTrafficKind::tcp_bulk});
  auto links = RealLinks::build(spec, kLateness);
  ASSERT_TRUE(links) << links.error().message;
  const auto probed = (*links)->probe({{{0}, {2}}});
  EXPECT_TRUE(probed) << probed.error().message;
  ASSERT_TRUE((*links)->start());
  std::this_thread::sleep_for(std::chrono::seconds(3));
  ASSERT_TRUE((*links)->stop());
  std::array<double, 2> mbit{};
  for (const std::size_t i : {0U, 1U})
    mbit[i] = static_cast<double>((*links)->cross_traffic()->counts(i).arrived_bytes) * 8 / 3e6;
  // Frames of 1538 B, and for every second one an acknowledgement of 90 B.
  EXPECT_NEAR(mbit[0] + mbit[1], 10 * 1448 / (1538 + 45.0), 0.3);
  EXPECT_NEAR(mbit[0] / (mbit[0] + mbit[1]), 0.5, 0.1);
}

TEST_F(RealLinksTest, TheHostsNamespaceIsLeftAtTheEndAndNothingIsSeenOutside) {
  const auto before = own_namespace();
  {
    auto links = RealLinks::build(line(), kLateness);
    ASSERT_TRUE(links) << links.error().message;
    EXPECT_EQ(if_nametoindex("to1"), 0U);
    ASSERT_TRUE((*links)->enter_host());
    EXPECT_NE(own_namespace(), before);
    EXPECT_NE(if_nametoindex("to1"), 0U);
  }
  EXPECT_EQ(own_namespace(), before);
}

}  // namespace
}  // namespace millrace
