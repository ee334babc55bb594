// A run's decisions.csv is enough to replay any policy: it decides the same, to the last bit.
#include "sim/run/decision_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/policy/registry.hpp"
#include "runtime/scenario/scenario_reader.hpp"
#include "sim/run/runner.hpp"
#include "tests/run/two_boards.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

LoggedDecision logged() {
  const LinkSample seen{.to = {2},
                        .microbatch = {3},
                        .sent = Time::at_ns(40),
                        .acknowledged = Time::at_ns(50),
                        .size = Bytes(60),
                        .values = 70,
                        .images = 8};
  return {.at = Time::at_ns(100),
          .stage = {1},
          .from = "board-a",
          .to = "board-b",
          .record = {.to = {2},
                     .policy = "deadline",
                     .bits_per_value = 1.0 / 3,
                     .observed_mbit_per_s = 0.125,
                     .outgoing = {.microbatch = {5},
                                  .images = 2,
                                  .values = 64,
                                  .encode = Duration::ns(9),
                                  .waiting = 1,
                                  .sender = {.in_flight = 2,
                                             .in_flight_size = Bytes(120),
                                             .oldest_sent = Time::at_ns(41),
                                             .ready = 1,
                                             .ready_size = Bytes(61)}},
                     .seen = {seen, seen}}};
}

std::string file_of(const std::string& rows) { return std::string(kDecisionColumns) + "\n" + rows; }

TEST(TheDecisionLog, HasTheseColumnsInThisOrder) {
  EXPECT_EQ(decision_row(logged()),
            "100,board-a,board-b,5,deadline,0.3333333333333333,0.125000,1,2,64,9,1,2,120,41,1,61,"
            "3/40/50/60/70/8 3/40/50/60/70/8");
}

TEST(TheDecisionLog, ReadsWhatItWrote) {
  const auto read = parse_decisions(file_of(decision_row(logged()) + "\n"), "decisions.csv");
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->size(), 1U);
  const auto &got = read->front(), &wanted = logged();
  EXPECT_EQ(got.at, wanted.at);
  EXPECT_EQ(got.stage, wanted.stage);
  EXPECT_EQ(got.from, "board-a");
  EXPECT_EQ(got.record.bits_per_value, wanted.record.bits_per_value) << "to the last bit";
  EXPECT_EQ(got.record.outgoing, wanted.record.outgoing);
  EXPECT_EQ(got.record.seen, wanted.record.seen);
}

TEST(TheDecisionLog, LeavesOutALineThatWasCutOff) {
  const auto row = decision_row(logged());
  const auto read = parse_decisions(file_of(row + "\n" + row.substr(0, 40)), "decisions.csv");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->size(), 1U);
  EXPECT_TRUE(parse_decisions("", "decisions.csv")->empty()) << "killed before the header was written";
}

TEST(TheDecisionLog, RefusesWhatIsNoDecisionAndSaysWhere) {
  const auto row = decision_row(logged());
  const auto broken = [&](const std::string& what, const std::string& by) {
    auto text = row;
    text.replace(text.find(what), what.size(), by);
    const auto read = parse_decisions(file_of(row + "\n" + text + "\n"), "d.csv");
    return read.ok() ? std::string() : read.error().message;
  };
  for (const auto& [what, by] :
       {std::pair("100,", "x,"), std::pair("100,", "-1,"), std::pair("0.3333333333333333", "nan"),
        std::pair(",64,", ",64,64,"), std::pair(" 3/40", " 3/"), std::pair("70/8 ", "70/8/9 "),
        std::pair("board-a", ""), std::pair(",120,", ",9223372036854775807,"), std::pair(",64,", ",-64,"),
        std::pair("70/8 3", "70/8  3")})
    EXPECT_THAT(broken(what, by), HasSubstr("d.csv:3: not a decision")) << what << " by " << by;
  EXPECT_THAT(parse_decisions("time_ns,bits\n", "d.csv").error().message, HasSubstr("d.csv:1: the columns"));
  EXPECT_THAT(read_decisions("/nowhere/decisions.csv").error().message, HasSubstr("cannot be read"));
}

class AReplay : public InAFolder, public testing::WithParamInterface<std::string> {
 protected:
  // Two hundred microbatches over the recorded drive, in `simulate`.
  Scenario drive(const std::vector<std::string>& overrides) {
    std::vector<std::string> all{"workload.microbatches=200", "policy.quantization.kind=" + GetParam()};
    all.insert(all.end(), overrides.begin(), overrides.end());
    auto read = read_scenario(std::string(MILLRACE_SOURCE_DIR) + "/scenarios/policies-lte.yaml",
                              {.overrides = all, .files = FileCheck::must_exist});
    EXPECT_TRUE(read.scenario) << to_string(read.problems);
    return std::move(*read.scenario);
  }
  std::vector<LoggedDecision> run(const Scenario& scenario) {
    const auto outcome = run_scenario({.scenario = scenario,
                                       .scenario_path = "policies-lte.yaml",
                                       .out = path("run"),
                                       .command = {},
                                       .isolate = false,
                                       .agents = ""});
    EXPECT_TRUE(outcome.ok());
    auto decisions = read_decisions(path("run/decisions.csv"));
    EXPECT_TRUE(decisions.ok()) << decisions.error().message;
    return std::move(*decisions);
  }
  static void expect_same(const Scenario& scenario, const std::vector<LoggedDecision>& decisions) {
    const auto policy = make_quantization_policy(scenario.policy.quantization);
    ASSERT_TRUE(policy.ok());
    const auto again = replay(decisions, **policy);
    ASSERT_EQ(again.size(), decisions.size());
    for (std::size_t i = 0; i < again.size(); ++i)
      ASSERT_EQ(again[i].bits_per_value, decisions[i].record.bits_per_value) << "microbatch " << i;
  }
};

TEST_P(AReplay, DecidesAsTheRunDid) {
  const auto scenario = drive(GetParam() == "fixed" ? std::vector<std::string>{"policy.quantization.bits=5"}
                                                    : std::vector<std::string>{});
  const auto decisions = run(scenario);
  ASSERT_EQ(decisions.size(), 200U);
  expect_same(scenario, decisions);
}

TEST_P(AReplay, DecidesAsTheRunDidWhenItsQueuesAreFull) {
  if (GetParam() == "fixed") GTEST_SKIP() << "it uses no samples";
  auto scenario = drive({"policy.quantization.target_rate=200 /s", "workload.rate=200 /s", "run.window=4"});
  const auto decisions = run(scenario);
  ASSERT_EQ(decisions.size(), 200U);
  expect_same(scenario, decisions);
  scenario.policy.quantization.target_images_per_s = 80;
  const auto policy = make_quantization_policy(scenario.policy.quantization);
  const auto other = replay(decisions, **policy);
  int differing = 0;
  for (std::size_t i = 0; i < other.size(); ++i)
    differing += other[i].bits_per_value != decisions[i].record.bits_per_value ? 1 : 0;
  EXPECT_GT(differing, 0) << "a replay that cannot differ proves nothing";
}

INSTANTIATE_TEST_SUITE_P(OfEvery, AReplay, testing::ValuesIn(quantization_policy_names()),
                         [](const auto& param) {
                           auto name = param.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace millrace
