// Plans of scenarios by every kind of policy.partition, and refusals for lack of memory.
#include "sim/run/scenario_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/scenario/choices.hpp"
#include "runtime/scenario/scenario_reader.hpp"
#include "sim/run/run_checks.hpp"
#include "sim/run/runner.hpp"
#include "sim/run/scenario_problem.hpp"
#include "tests/run/two_boards.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

// A camera and three boards, the second twice as fast as the others; every board reaches every other.
class ScenarioPlan : public InAFolder {
 protected:
  static Scenario scenario(const std::string& partition, const std::vector<std::string>& overrides = {}) {
    const std::string text =
        "millrace: 1\nname: boards\nmodel: {name: vit-tiny, microbatch: 4}\nworkload: {microbatches: 8}\n"
        "devices:\n  - {name: camera, runs: [source, sink]}\n  - {name: a, speed: 4 GFLOP/s}\n"
        "  - {name: b, speed: 8 GFLOP/s}\n  - {name: c, speed: 4 GFLOP/s}\n"
        "network:\n  kind: fluid\n  links:\n    - {between: [camera, a], rate: 1 Gbit/s}\n"
        "    - {between: [camera, b], rate: 1 Gbit/s}\n    - {between: [camera, c], rate: 1 Gbit/s}\n"
        "    - {between: [a, b], rate: 1 Gbit/s}\n    - {between: [b, c], rate: 1 Gbit/s}\n"
        "policy: {partition: {" +
        partition + "}}\nrun: {mode: simulate}\n";
    const auto read = read_scenario_text(text, "s.yaml", "", {.overrides = overrides});
    EXPECT_TRUE(read.scenario) << to_string(read.problems);
    return read.scenario.value();
  }
  static Plan plan(const std::string& partition, const std::vector<std::string>& overrides = {}) {
    const auto made = make_scenario_plan(scenario(partition, overrides));
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
    return made.ok() ? *made : Plan{};
  }
  Result<RunOutcome> run(const Scenario& of, const std::string& name) const {
    RunRequest request;
    request.scenario = of;
    request.out = path(name);
    return run_scenario(request);
  }
  static int layers_on(const Plan& plan, std::uint32_t device) {
    for (const auto& stage : plan.stages) {
      if (stage.device.value == device) return stage.layers.size();
    }
    return 0;
  }
};

TEST_F(ScenarioPlan, TheKindsOfScenariosAreThePlannersAlgorithms) {
  auto algorithms = planning_algorithms();
  for (const auto& kind : kPartitionNames) {
    EXPECT_NE(std::ranges::find(algorithms, kind), algorithms.end()) << kind;
  }
  EXPECT_EQ(kPartitionNames.size(), algorithms.size());
}

TEST_F(ScenarioPlan, OptimalGivesTheFasterBoardMoreAndEvenDoesNot) {
  const Plan even = plan("kind: even"), optimal = plan("kind: optimal");
  EXPECT_EQ(layers_on(even, 2), 16);
  EXPECT_NEAR(layers_on(optimal, 2), 24, 2);
  EXPECT_NEAR(layers_on(optimal, 1), 12, 2);
  EXPECT_EQ(optimal.source, DeviceId{0});
  EXPECT_EQ(optimal.sink, DeviceId{0});
  const Scenario of = scenario("kind: optimal");
  EXPECT_TRUE(check_plan(optimal, of.model.config.sub_layers(), of.devices.size()).ok());
}

TEST_F(ScenarioPlan, TheShortestWayThroughIsOneFastBoard) {
  const Plan quick = plan("kind: optimal, objective: latency");
  ASSERT_EQ(quick.stages.size(), 1U);
  EXPECT_EQ(quick.stages[0].device, DeviceId{2});
  // A bound just above what one board takes leaves no time for a second one.
  const auto problem = planning_problem_of(scenario("kind: optimal, objective: latency"));
  const double least_s = plan_pipeline(*problem, {.compare = false})->prediction.latency_s;
  const auto bound = "kind: optimal, latency_bound: " + std::to_string(least_s * 1.0001) + " s";
  EXPECT_EQ(plan(bound).stages.size(), 1U);
  EXPECT_EQ(plan("kind: optimal, latency_bound: 100 s"), plan("kind: optimal"));
}

TEST_F(ScenarioPlan, ARateThatNothingReachesIsAnErrorThatSaysWhatIsReached) {
  const auto made = make_scenario_plan(scenario("kind: optimal, target_rate: 1000 /s"));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ExitCode::run_failed);
  EXPECT_THAT(made.error().message, HasSubstr("the fastest plan reaches"));
}

TEST_F(ScenarioPlan, DevicesAreCandidatesForOptimalAndAnOrderForTheOthers) {
  const Plan optimal = plan("kind: optimal, devices: [c, a]");
  EXPECT_EQ(layers_on(optimal, 2), 0);
  EXPECT_GT(layers_on(optimal, 1), 0);
  EXPECT_GT(layers_on(optimal, 3), 0);
  const Plan pipedream = plan("kind: pipedream, devices: [c, b]");
  ASSERT_EQ(pipedream.stages.size(), 2U);
  EXPECT_EQ(pipedream.stages[0].device, DeviceId{3});
  EXPECT_NEAR(pipedream.stages[0].layers.size(), 24, 1);  // it treats all boards as equal
}

TEST_F(ScenarioPlan, MemoryIsAHardConstraintOfOptimal) {
  // ViT-Tiny's weights are 22 MiB.
  const Plan squeezed = plan("kind: optimal", {"devices[2].memory=14 MiB"});
  EXPECT_LT(layers_on(squeezed, 2), 20);
  const std::vector<std::string> nowhere{"devices[1].memory=6 MiB", "devices[2].memory=6 MiB",
                                         "devices[3].memory=6 MiB"};
  const auto none = make_scenario_plan(scenario("kind: optimal", nowhere));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ExitCode::run_failed);
  EXPECT_THAT(none.error().message, HasSubstr("infeasible"));
  EXPECT_THAT(none.error().message, HasSubstr("vit-tiny needs"));
}

TEST_F(ScenarioPlan, WeightsBeyondTheMemoryAreAnErrorForEveryKindAndEstimatesAWarning) {
  for (const std::string kind : {"even", "pipedream", "fixed, cuts: [16, 32]"}) {
    const auto small = scenario("kind: " + kind, {"devices[1].memory=4 MiB"});
    const auto refused = check_memory(small, *make_scenario_plan(small));
    ASSERT_FALSE(refused.ok()) << kind;
    EXPECT_EQ(refused.error().code, ExitCode::run_failed);
    EXPECT_THAT(refused.error().message, HasSubstr("the weights of stage 1"));
    EXPECT_EQ(run(small, "refused").error().message, refused.error().message);
    EXPECT_FALSE(check_runnable(small).ok());
    const auto tight = scenario("kind: " + kind, {"devices[1].memory=9 MiB"});
    const auto warned = check_memory(tight, *make_scenario_plan(tight));
    ASSERT_TRUE(warned.ok()) << kind;
    ASSERT_EQ(warned->size(), 1U) << kind;
    EXPECT_THAT(warned->front(), HasSubstr("stage 1 is estimated to need"));
    const auto ample = scenario("kind: " + kind, {"devices[1].memory=1 GiB"});
    EXPECT_TRUE(check_memory(ample, *make_scenario_plan(ample))->empty()) << kind;
  }
}

TEST_F(ScenarioPlan, BoardsThatNoLinksJoinAreInfeasibleForPipedreamInThatOrder) {
  const auto apart = scenario("kind: pipedream, devices: [a, b]",
                              {"network.transport=raw",
                               "network.links=[{from: camera, to: a, rate: 1 Gbit/s}, {from: a, to: camera, "
                               "rate: 1 Gbit/s}, {from: camera, to: b, rate: 1 Gbit/s}]"});
  const auto made = make_scenario_plan(apart);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ExitCode::run_failed);
  EXPECT_THAT(made.error().message, HasSubstr("no way leads from a to b"));
}

TEST_F(ScenarioPlan, ARunWritesThePlanItWasGiven) {
  const auto outcome = run(scenario("kind: optimal"), "run");
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->exit, ExitCode::ok);
  std::string expected = "source: camera\nstages:\n";
  const Scenario of = scenario("kind: optimal");
  for (const auto& stage : plan("kind: optimal").stages)
    expected += "  - {device: " + of.devices[stage.device.value].name + ", layers: [" +
                std::to_string(stage.layers.first) + ", " + std::to_string(stage.layers.last) + "]}\n";
  EXPECT_EQ(read("run/plan.yaml"), expected + "sink: camera\n");
}

TEST_F(ScenarioPlan, JointGivesEveryCutItsBitsAndTheRunSpendsThem) {
  const auto table = [&](int cut, int bits, int correct) {
    return "ds-aciq,image," + std::to_string(bits) + "," + std::to_string(cut) + "," +
           std::to_string(correct) + ",1000," + std::to_string(bits) + "\n";
  };
  write("t.csv", "codec,scope,bits,cuts,correct,count,bits_per_value\nnone,none,32,none,900,1000,32\n" +
                     table(12, 8, 900) + table(12, 2, 300) + table(36, 8, 900) + table(36, 2, 880));
  // The second link carries 2 bits in the time the boards compute, and not 8.
  const Scenario of = scenario(
      "kind: joint, accuracy_floor: 0.87, accuracy_table: '" + path("t.csv") + "', devices: [a, b, c]",
      {"policy.quantization={codec: ds-aciq}",
       "network.links=[{between: [camera, a], rate: 1 Gbit/s}, {between: [c, camera], rate: 1 Gbit/s}, "
       "{between: [a, b], rate: 4 Mbit/s}, {between: [b, c], rate: 1 Mbit/s}]"});
  const auto planned = make_scenario_plan(of);
  ASSERT_TRUE(planned.ok()) << planned.error().message;
  ASSERT_EQ(planned->stages.size(), 3U);
  EXPECT_EQ(planned->stages[0], (StagePlan{{1}, {1, 12}, 8}));
  EXPECT_EQ(planned->stages[1], (StagePlan{{2}, {13, 36}, 2}));
  EXPECT_EQ(planned->stages[2], (StagePlan{{3}, {37, 48}, {}}));
  ASSERT_TRUE(run(of, "run").ok());
  std::istringstream rows(read("run/stages.csv"));
  std::set<std::string> widths;
  for (std::string row; std::getline(rows, row);) {
    std::vector<std::string> fields;
    std::istringstream cells(row);
    for (std::string cell; std::getline(cells, cell, ',');) fields.push_back(cell);
    if (fields[0] != "stage") widths.insert(fields[0] + ": " + fields[12]);
  }
  EXPECT_EQ(widths, (std::set<std::string>{"1: 8", "2: 2", "3: 32"}));
  EXPECT_THAT(read("run/plan.yaml"), HasSubstr("{device: a, layers: [1, 12], bits: 8}"));
  EXPECT_THAT(read("run/plan.yaml"), HasSubstr("{device: c, layers: [37, 48]}"));
  EXPECT_THAT(read("run/manifest.json"), HasSubstr("t.csv"));
}

// Planner and run take codec costs from one function; this tests the results of both.
TEST_F(ScenarioPlan, TheCodecCostsThePlannerWhatItCostsTheRun) {
  write("board.yaml",
        "millrace_profile: 1\ndevice: board\nsource: made up\ncodec_ns_per_value: {encode: 1, decode: 2}\n"
        "codecs_ns_per_value:\n  uniform: {encode: 70, decode: 30}\nmodels:\n  vit-tiny:\n    microbatch: 4\n"
        "    seconds: {attention: 0.01, attention_output: 0.01, mlp_up: 0.01, mlp_down: 0.01}\n");
  for (const std::string codec : {"uniform, bits: 4", "ds-aciq, bits: 4"}) {
    const std::string profile = "={name: a, profile: " + path("board.yaml") + "}";
    const Scenario of = scenario("kind: fixed, cuts: [24], devices: [a, b]",
                                 {"devices[1]" + profile, "policy.quantization={codec: " + codec + "}"});
    const auto problem = planning_problem_of(of);
    ASSERT_TRUE(problem.ok()) << problem.error().message;
    const auto predicted = plan_pipeline(*problem, planning_request_of(of));
    ASSERT_TRUE(run(of, "run").ok());
    std::istringstream rows(read("run/stages.csv"));
    std::string row;
    int seen = 0;
    while (std::getline(rows, row)) {
      std::vector<std::string> fields;
      std::istringstream cells(row);
      for (std::string cell; std::getline(cells, cell, ',');) fields.push_back(cell);
      if (fields[0] == "stage") continue;
      const auto& stage = predicted->stages.at(std::stoul(fields[0]) - 1);
      EXPECT_NEAR(std::stod(fields[9]) * 1e-9, stage.decode_s, 2e-9) << codec;
      EXPECT_NEAR(std::stod(fields[10]) * 1e-9, stage.compute_s, 1e-7) << codec;
      EXPECT_NEAR(std::stod(fields[11]) * 1e-9, stage.encode_s, 2e-9) << codec;
      ++seen;
    }
    EXPECT_EQ(seen, 16);
    const double nanoseconds = codec.starts_with("uniform") ? 70 : 1;
    EXPECT_NEAR(predicted->stages[0].encode_s, nanoseconds * 1e-9 * 4 * 197 * 192, 1e-8);
  }
}

Scenario line_of_three() {
  Scenario scenario;
  scenario.model.config = model_by_name("vit-tiny").value();
  for (const char* name : {"camera", "a", "b"}) {
    DeviceSection device;
    device.name = name;
    scenario.devices.push_back(device);
  }
  scenario.devices[0].source = scenario.devices[0].sink = true;
  scenario.devices[0].stage = false;
  return scenario;
}

TEST(AnEvenPlan, GivesStagesToTheDevicesThatRunThemInTheirOrder) {
  const auto plan = make_scenario_plan(line_of_three());
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(*plan, (Plan{{0}, {0}, {{{1}, {1, 24}}, {{2}, {25, 48}}}}));
}

TEST(AnEvenPlan, TheScenariosOwnOrderOfDevicesCounts) {
  auto scenario = line_of_three();
  scenario.policy.partition.devices = {"b", "a"};
  const auto plan = make_scenario_plan(scenario);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->stages[0].device, DeviceId{2});
  EXPECT_EQ(plan->stages[1].device, DeviceId{1});
}

TEST(AnEvenPlan, OneDeviceMayTakeTwoStages) {
  auto scenario = line_of_three();
  scenario.policy.partition.devices = {"b", "b"};
  const auto plan = make_scenario_plan(scenario);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->stages.size(), 2U);
}

}  // namespace
}  // namespace millrace
