#include "sim/doctor/verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/doctor/report.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {
namespace {

using testing::Contains;
using testing::HasSubstr;

class AVerdict : public testing::Test {
 protected:
  AVerdict() {
    scenario_.name = "case";
    spec_.devices = {"a", "b"};
    machine_.processors = 8;
    machine_.sleeps.add(Duration::us(80));
  }
  void link(LinkRate rate) {
    const auto next = static_cast<std::uint32_t>(spec_.links.size());
    spec_.links.push_back({DeviceId{next % 2}, DeviceId{1 - next % 2}, std::move(rate)});
  }
  Verdict judge() const { return millrace::judge(scenario_, spec_, machine_, &carried_); }

  Scenario scenario_;
  NetworkSpec spec_;
  Machine machine_;
  Carried carried_{.transport = Transport::tcp, .mtu = Bytes(1500), .mbit_per_s = 200, .events_per_s = 1e5};
};

TEST_F(AVerdict, LinksThatTogetherTakeLessThanHalfAreAYes) {
  link(BitRate::mbit(50));
  link(BitRate::mbit(40));
  const auto verdict = judge();
  EXPECT_EQ(verdict.fitness, Fitness::yes);
  EXPECT_DOUBLE_EQ(verdict.share_of_all, 0.45);
  EXPECT_DOUBLE_EQ(verdict.links[0].max_share, 0.25);
}

TEST_F(AVerdict, LinksThatTogetherTakeMoreAreAPerhaps) {
  link(BitRate::mbit(150));
  link(BitRate::mbit(150));
  const auto verdict = judge();
  EXPECT_EQ(verdict.fitness, Fitness::perhaps);
  EXPECT_THAT(verdict.sentences, Contains(HasSubstr("take 150 % of the wall clock")));
}

TEST_F(AVerdict, OneLinkBeyondTheMachineIsANoWithItsName) {
  link(BitRate::mbit(10));
  link(BitRate::mbit(1000));
  const auto verdict = judge();
  EXPECT_EQ(verdict.fitness, Fitness::no);
  EXPECT_THAT(verdict.sentences, Contains(HasSubstr("link b -> a can carry 1000 Mbit/s, 5.0 times")));
}

TEST_F(AVerdict, OfATraceTheFastestSecondCounts) {
  link(std::make_shared<const RateTrace>(
      RateTrace::make({{{}, BitRate::mbit(10)}, {Duration::s(9), BitRate::mbit(300)}}, Duration::s(10),
                      TraceEnd::loop)
          .value()));
  const auto verdict = judge();
  EXPECT_EQ(verdict.fitness, Fitness::no);
  EXPECT_NEAR(verdict.links[0].mean_share, 39.0 / 200, 1e-9);
  EXPECT_NEAR(verdict.links[0].max_share, 1.5, 1e-9);
}

TEST_F(AVerdict, AMachineThatOversleepsTheLimitIsANo) {
  link(BitRate::mbit(1));
  scenario_.run.lateness_limit = Duration::us(50);
  EXPECT_EQ(judge().fitness, Fitness::no);
  EXPECT_THAT(judge().sentences, Contains(HasSubstr("run.lateness_limit is 0.05 ms")));
}

TEST_F(AVerdict, TheFluidNetworkCarriesAnything) {
  link(BitRate::mbit(100'000));
  EXPECT_EQ(millrace::judge(scenario_, spec_, machine_, nullptr).fitness, Fitness::yes);
}

TEST_F(AVerdict, IsInTheTableAndTheJson) {
  link(BitRate::mbit(1000));
  const Findings findings{.machine = machine_, .carried = {carried_}, .scenario = "case", .verdict = judge()};
  EXPECT_THAT(doctor_table(findings), HasSubstr("emulate case: no"));
  const auto json = nlohmann::json::parse(doctor_json(findings));
  EXPECT_EQ(json["scenario"]["emulate"], "no");
  EXPECT_EQ(json["scenario"]["links"][0]["max_share"], 5);
  EXPECT_EQ(json["ns3"][0]["mbps"], 200);
  EXPECT_EQ(json["sleep_lateness_ms"]["count"], 1);
}

// Figures of this machine; the test asserts only what holds on any machine.
TEST(Doctor, MeasuresWhatNs3CarriesHere) {
  const auto small = measure_carried(Transport::tcp, Bytes(1500), Duration::ms(100));
  ASSERT_TRUE(small.ok()) << small.error().message;
  EXPECT_GT(small->mbit_per_s, 0);
  EXPECT_GT(small->events_per_s, 0);
  EXPECT_EQ(examine_machine(3).sleeps.count(), 3U);
}

}  // namespace
}  // namespace millrace
