// Plans where links change: their predictions against the runs themselves, and the chosen plan against all
// plans.
#include "sim/run/planned_scenario.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/base/random.hpp"
#include "runtime/scenario/scenario_reader.hpp"
#include "sim/run/dry_run.hpp"
#include "sim/run/runner.hpp"
#include "sim/run/scenario_plan.hpp"
#include "sim/run/scenario_problem.hpp"
#include "tests/run/two_boards.hpp"

namespace millrace {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class PlannedScenarios : public InAFolder {
 protected:
  // A camera and boards of 8, 6, … GFLOP/s that all reach each other; link a-b is `link`.
  Scenario scenario(int boards, const std::string& link, const std::string& more = "",
                    const std::vector<std::string>& overrides = {}) const {
    std::string text =
        "millrace: 1\nname: changing\nmodel: {name: vit-tiny, microbatch: 4}\nworkload: {microbatches: 8}\n"
        "devices:\n  - {name: camera, runs: [source, sink]}\n";
    std::string links;
    for (int d = 0; d < boards; ++d) {
      const char name = static_cast<char>('a' + d);
      text += fmt::format("  - {{name: {}, speed: {} GFLOP/s}}\n", name, 8 - 2 * d);
      links += fmt::format("    - {{between: [camera, {}], rate: 1 Gbit/s}}\n", name);
      for (char other = 'a'; other < name; ++other)
        if (!(other == 'a' && name == 'b'))
          links += fmt::format("    - {{between: [{}, {}], rate: 30 Mbit/s, delay: 2 ms}}\n", other, name);
    }
    text += "network:\n  kind: fluid\n  links:\n" + links + "    - {between: [a, b], " + link + "}\n" +
            (more.find("policy:") == std::string::npos ? "policy: {partition: {kind: optimal}}\n" : "") +
            more + "run: {mode: simulate}\n";
    const auto read = read_scenario_text(text, "s.yaml", "", {.overrides = overrides});
    EXPECT_TRUE(read.scenario) << to_string(read.problems);
    return read.scenario.value();
  }

  // A link that follows these steps (seconds, Mbit/s); the last one is the end.
  std::string traced(const std::string& name, const std::vector<std::pair<double, double>>& steps,
                     const std::string& more = "") const {
    std::string rows = "time_s,rate_mbit_per_s\n";
    for (const auto& [at, rate] : steps)
      rows += at == steps.back().first ? fmt::format("{},end\n", at) : fmt::format("{},{}\n", at, rate);
    write(name, rows);
    return fmt::format("trace: '{}'{}", path(name), more);
  }

  static PlannedScenario planned(const Scenario& of) {
    auto found = plan_scenario(of, planning_request_of(of));
    EXPECT_TRUE(found.ok()) << (found.ok() ? "" : found.error().message);
    return found.ok() ? std::move(*found) : PlannedScenario{};
  }

  static double simulated(const Scenario& of, const Plan& plan) {
    const auto figures = DryRun(of, planning_network_of(of).value()).run(plan);
    EXPECT_TRUE(figures.ok()) << (figures.ok() ? "" : figures.error().message);
    return figures.ok() ? (*figures)->figures.throughput_images_per_s : 0;
  }

  // The simulated rate of the best of all plans.
  static double best_of_all(const Scenario& of) {
    std::vector<std::uint32_t> devices;
    for (std::uint32_t d = 1; d < of.devices.size(); ++d) devices.push_back(d);
    double best = 0;
    Plan plan{{0}, {0}, {}};
    each_plan(of, devices, 0, plan, [&] { best = std::max(best, simulated(of, plan)); });
    return best;
  }
  template <class Call>
  static void each_plan(const Scenario& of, const std::vector<std::uint32_t>& left, int done, Plan& plan,
                        const Call& call) {
    const int layers = of.model.config.sub_layers();
    if (done == layers) return call();
    for (std::size_t d = 0; d < left.size(); ++d) {
      auto others = left;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(d));
      for (int last = others.empty() ? layers : done + 1; last <= layers; ++last) {
        plan.stages.push_back({{left[d]}, {done + 1, last}, {}});
        each_plan(of, others, last, plan, call);
        plan.stages.pop_back();
      }
    }
  }

  // The summary of `millrace run --mode simulate`, which makes its own plan.
  nlohmann::json summary(const Scenario& of, const std::string& name) const {
    RunRequest request;
    request.scenario = of;
    request.out = path(name);
    const auto outcome = run_scenario(request);
    EXPECT_TRUE(outcome.ok()) << (outcome.ok() ? "" : outcome.error().message);
    return nlohmann::json::parse(read(name + "/summary.json"));
  }
};

// 2 Mbit/s for longer than the run, and then so much that the mean is 201 Mbit/s, at which two boards are
// faster.
TEST_F(PlannedScenarios, AMeanThatLiesIsFoundOutByTheSimulation) {
  const Scenario of = scenario(2, traced("lies.csv", {{0, 2}, {30, 400}, {60, 400}}));
  const auto by_mean = plan_pipeline(*planning_problem_of(of), planning_request_of(of));
  ASSERT_TRUE(by_mean.ok());
  ASSERT_EQ(by_mean->stages.size(), 2U);
  const auto found = planned(of);
  const double old = simulated(of, plan_of(of, *planning_problem_of(of), *by_mean));
  EXPECT_GT(by_mean->prediction.throughput_images_per_s, 2 * old) << "the mean does lie";
  EXPECT_GT(simulated(of, found.plan), 1.2 * old);
  EXPECT_NEAR(simulated(of, found.plan) / best_of_all(of), 1, 1e-12);
  EXPECT_EQ(*make_scenario_plan(of), found.plan) << "a run takes it";
  EXPECT_FALSE(found.result.exact);
  EXPECT_THAT(found.result.changing, Contains("link a -> b"));
}

TEST_F(PlannedScenarios, CandidatesAndTheirVariationsHoldTheBestOfAllPlans) {
  constexpr int kProblems = 12;
  for (std::uint64_t seed = 1; seed <= kProblems; ++seed) {
    Random random(seed, "planned scenarios");
    std::vector<std::pair<double, double>> steps;
    for (double at = 0; at < 12; at += 0.2 + 3 * random.uniform())
      steps.emplace_back(at, std::floor(100 * std::exp(6 * random.uniform() - 1)) / 100);
    const Scenario of = scenario(2, traced("random.csv", steps));
    const auto found = planned(of);
    const double chosen = simulated(of, found.plan), most = best_of_all(of);
    EXPECT_GE(chosen, most * (1 - 1e-9)) << "seed " << seed;
    EXPECT_LE(found.result.candidates.size(), kCandidates + 1);
    EXPECT_LE(most, found.result.bound_images_per_s * (1 + 1e-9)) << "the bound is exceeded, seed " << seed;
    EXPECT_EQ(std::ranges::count(found.result.candidates, true, &PlanningCandidate::chosen), 1);
    const double first = found.result.candidates.front().simulated.throughput_images_per_s;
    EXPECT_GE(chosen, first) << "the model's own choice is among them";
  }
}

TEST_F(PlannedScenarios, ThreeBoardsToo) {
  const Scenario of =
      scenario(3, traced("three.csv", {{0, 1}, {4, 60}, {9, 3}, {12, 3}}), "", {"workload.images=16"});
  const auto found = planned(of);
  EXPECT_GE(simulated(of, found.plan), best_of_all(of) * (1 - 1e-9));
}

// There are too many plans to try them all: the best candidates are varied.
TEST_F(PlannedScenarios, WhereNotAllCanBeTriedTheChoiceIsNearTheBest) {
  const Scenario of =
      scenario(3, traced("long.csv", {{0, 1}, {9, 60}, {20, 3}, {40, 3}}), "", {"workload.images=84"});
  const auto found = planned(of);
  EXPECT_LT(found.result.variations, 3000U) << "of 6771";
  EXPECT_GE(simulated(of, found.plan), 0.9 * best_of_all(of));
}

TEST_F(PlannedScenarios, TheSimulatedFigureIsWhatTheRunPrintsToAllDigits) {
  const std::string trace =
      traced("t.csv", {{0, 5}, {1, 40}, {2.5, 0}, {3, 12}, {7, 12}}, ", trace_offset: 2 s");
  const std::string policy =
      "policy:\n  partition: {kind: optimal}\n  quantization: {kind: max-fit, codec: ds-aciq, target_rate: 5 "
      "/s, window: 2}\n";
  const std::string events = "events:\n  - {at: 1 s, from: a, to: b, rate: 3 Mbit/s}\n";
  const std::vector<std::pair<Scenario, const char*>> cases{
      {scenario(2, trace), "plain"},
      {scenario(2, "rate: 20 Mbit/s"), "constant"},
      {scenario(2, "rate: 20 Mbit/s, loss: 0.05"), "lossy"},
      {scenario(2, trace, policy), "adaptive"},
      {scenario(2, "rate: 20 Mbit/s", events), "events"},
      {scenario(2, trace, "", {"workload.arrivals=poisson", "workload.rate=3 /s"}), "open"},
      {scenario(2, trace, "", {"workload.images=30", "network.transport=raw"}), "partial"},
      {scenario(2, trace, "", {"policy.partition.kind=pipedream"}), "pipedream"}};
  for (const auto& [of, name] : cases) {
    SCOPED_TRACE(name);
    const auto found = planned(of);
    ASSERT_TRUE(found.result.simulated.has_value()) << found.result.not_simulated;
    const auto run = summary(of, name);
    EXPECT_EQ(found.result.simulated->throughput_images_per_s, run["throughput_images_per_s"].get<double>());
    EXPECT_DOUBLE_EQ(found.result.simulated->latency_p50_s * 1e3, run["latency_ms"]["p50"].get<double>());
    EXPECT_EQ(found.result.simulated->duration_s, run["duration_s"].get<double>());
    EXPECT_LE(found.result.simulated->throughput_images_per_s, found.result.bound_images_per_s * (1 + 1e-9));
  }
}

TEST_F(PlannedScenarios, ConstantLinksKeepTheModelsOptimum) {
  const Scenario of = scenario(3, "rate: 20 Mbit/s, delay: 3 ms");
  const auto found = planned(of);
  const auto by_model = plan_pipeline(*planning_problem_of(of), planning_request_of(of));
  EXPECT_TRUE(found.result.exact);
  EXPECT_THAT(found.result.changing, IsEmpty());
  EXPECT_THAT(found.result.candidates, IsEmpty());
  EXPECT_EQ(found.plan, plan_of(of, *planning_problem_of(of), *by_model));
  EXPECT_EQ(found.result.bound_images_per_s, by_model->prediction.throughput_images_per_s);
  EXPECT_GT(found.result.gap().value(), 0) << "filling and draining take their time";
}

TEST_F(PlannedScenarios, WhatChangesOrLosesPacketsIsNeverExact) {
  const std::string adaptive =
      "policy:\n  partition: {kind: optimal}\n  quantization: {kind: deadline, codec: ds-aciq, target_rate: "
      "5 /s}\n";
  for (const Scenario& of :
       {scenario(2, "rate: 20 Mbit/s, loss: 0.01"), scenario(2, traced("t.csv", {{0, 5}, {1, 40}, {2, 40}})),
        scenario(2, "rate: 20 Mbit/s", "events:\n  - {at: 2 s, from: b, to: a, delay: 9 ms}\n"),
        scenario(2, "rate: 20 Mbit/s", adaptive)}) {
    const auto found = planned(of);
    EXPECT_FALSE(found.result.exact);
    EXPECT_EQ(found.result.changing.empty(), false);
    EXPECT_THAT(planning_table(found.problem, found.result), testing::Not(HasSubstr("exact: no better")));
    EXPECT_FALSE(nlohmann::json::parse(planning_json(found.problem, found.result))["exact"].get<bool>());
  }
}

TEST_F(PlannedScenarios, AnAdaptivePolicyIsARangeFromItsFewestToItsMostBits) {
  const Scenario of =
      scenario(2, "rate: 1 Mbit/s",
               "policy:\n  partition: {kind: fixed, cuts: [24]}\n  quantization: {kind: max-fit, "
               "codec: ds-aciq, target_rate: 5 /s}\n");
  const auto found = planned(of);
  ASSERT_TRUE(found.result.bits_range.has_value());
  const auto& range = *found.result.bits_range;
  EXPECT_EQ(range.fewest, 2);
  EXPECT_EQ(range.most, 32);
  for (const double bits : {2.0, 32.0}) {
    Scenario fixed = of;
    fixed.policy.quantization.kind = "fixed";
    fixed.policy.quantization.bits = bits;
    const auto alone = plan_pipeline(*planning_problem_of(fixed), planning_request_of(fixed));
    const auto& same = bits == 2 ? range.with_fewest : range.with_most;
    EXPECT_DOUBLE_EQ(same.throughput_images_per_s, alone->prediction.throughput_images_per_s);
  }
  EXPECT_GT(range.with_fewest.throughput_images_per_s, 1.5 * range.with_most.throughput_images_per_s);
  EXPECT_FALSE(planned(scenario(2, "rate: 1 Mbit/s")).result.bits_range.has_value());
}

TEST_F(PlannedScenarios, OfALongRunTheFirstMicrobatchesAreSimulatedAndThatIsSaid) {
  const auto found = planned(scenario(2, "rate: 20 Mbit/s", "", {"workload.images=100000"}));
  ASSERT_TRUE(found.result.simulated.has_value());
  EXPECT_FALSE(found.result.simulated->whole);
  EXPECT_EQ(found.result.simulated->images, 4 * DryRun::kMostMicrobatches);
  EXPECT_THAT(planning_table(found.problem, found.result), HasSubstr("the run's first 8000 images"));
}

// A link goes down for good during the run: the mean of its trace does not show that.
TEST_F(PlannedScenarios, APlanThatGetsStuckIsNotChosen) {
  const Scenario of = scenario(2, "rate: 100 Mbit/s", "events:\n  - {at: 1 s, link: a-b, state: down}\n");
  const auto found = planned(of);
  ASSERT_TRUE(found.result.simulated.has_value()) << found.result.not_simulated;
  EXPECT_EQ(found.plan.stages.size(), 1U);
  EXPECT_TRUE(summary(of, "run")["complete"].get<bool>());
}

// Cross traffic from a to b: bursts of 100 kbit/s, on and off for `period` each.
void add_restless(Scenario& to, Duration period) {
  auto& cross = to.network.cross_traffic.emplace_back();
  cross.from = "a";
  cross.to = "b";
  cross.kind = CrossTrafficKind::on_off;
  cross.rate = BitRate::kbit(100);
  cross.on = cross.off = period;
}

// 20,000 bursts of cross traffic a second, over hours: planning must not wait for them all.
TEST_F(PlannedScenarios, OverRestlessCrossTrafficIsSimulatedAsFarAsTheWorkLasts) {
  auto of = scenario(2, "rate: 1 Mbit/s", "", {"workload.microbatches=2000"});
  add_restless(of, Duration::us(25));
  DryRun dry(of, planning_network_of(of).value());
  const auto plan = planned(of);
  ASSERT_TRUE(dry.run(plan.plan).ok());
  EXPECT_TRUE(dry.cut_short());
  EXPECT_LT(dry.work(), 2 * DryRun::kMostWork);
  ASSERT_TRUE(plan.result.simulated);
  EXPECT_FALSE(plan.result.simulated->whole);
  EXPECT_GT(plan.result.simulated->images, 0U);
}

// Whenever a flow starts or ends, the messages that shared a link with it are recalculated: over one link in
// one step, over several links packet by packet and hop by hop.
TEST_F(PlannedScenarios, WhatCrossTrafficHasReckonedAnewCountsAsWork) {
  const auto work = [&](bool over_the_camera) {
    auto of = scenario(2, "rate: 50 Mbit/s", "", {"workload.microbatches=20"});
    for (LinkSection& link : of.network.links) link.rate = BitRate::mbit(50);
    if (over_the_camera)
      std::erase_if(of.network.links,
                    [](const LinkSection& link) { return link.from != "camera" && link.to != "camera"; });
    add_restless(of, Duration::ms(20));
    DryRun dry(of, planning_network_of(of).value());
    EXPECT_TRUE(dry.run(planned(of).plan).ok());
    return dry.work();
  };
  EXPECT_GT(work(true), 3 * work(false));
}

}  // namespace
}  // namespace millrace
