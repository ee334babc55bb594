#include "sim/compare/comparison.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace millrace {
namespace {

ComparedRun run_of(const std::string& experiment, const std::string& mode, double throughput) {
  ComparedRun run;
  run.directory = experiment + "-" + mode;
  run.scenario = "made-up";
  run.mode = mode;
  run.network = mode == "deploy" ? "netns" : "fluid";
  run.policy = "fixed uniform, 8 bits; even";
  run.experiment = experiment;
  run.problem = "one";
  run.complete = true;
  run.throughput_images_per_s = throughput;
  return run;
}

StageShares shares(const std::string& device, double compute, double idle, double queue = 0) {
  StageShares stage{.device = device, .share = {}};
  stage.share[0] = compute;
  stage.share[3] = queue;
  stage.share[5] = idle;
  return stage;
}

TEST(Comparison, ErrorsAreRelativeForRatesAndDifferencesForBitsAndShares) {
  auto real = run_of("a", "deploy", 80), model = run_of("a", "simulate", 84);
  real.p50_ms = 200;
  model.p50_ms = 190;
  real.p99_ms = 0;
  model.p99_ms = 5;
  real.bits_per_value = 6.5;
  model.bits_per_value = 7;
  real.top1 = 0.9;
  model.top1 = 0.925;
  real.stages = {shares("x", 0.5, 0.5, 1.0), shares("y", 0.25, 0.75)};
  model.stages = {shares("x", 0.625, 0.375, 3.0), shares("y", 0.25, 0.75)};
  const auto comparison = compare_runs({model, real});
  ASSERT_EQ(comparison.groups.size(), 1U);
  EXPECT_EQ(comparison.groups[0].reference, 1U);
  const auto& errors = comparison.errors[0];
  EXPECT_DOUBLE_EQ(*errors.throughput, 0.05);
  EXPECT_DOUBLE_EQ(*errors.p50, -0.05);
  EXPECT_FALSE(errors.p95);  // neither run has it
  EXPECT_FALSE(errors.p99);  // relative to 0
  EXPECT_DOUBLE_EQ(*errors.bits, 0.5);
  EXPECT_NEAR(*errors.top1, 0.025, 1e-12);
  EXPECT_DOUBLE_EQ(*errors.attribution.at(0).share[0], 0.125);
  EXPECT_DOUBLE_EQ(*errors.attribution.at(0).share[3], 2.0);
  EXPECT_DOUBLE_EQ(*errors.worst_attribution(), 0.125);  // not the queue's 2.0
  EXPECT_FALSE(comparison.errors[1].throughput);         // the reference itself
}

TEST(Comparison, WithoutADeployedRunTheFirstIsTheReference) {
  const auto comparison = compare_runs({run_of("a", "cosim", 50), run_of("a", "simulate", 40)});
  EXPECT_EQ(comparison.groups.at(0).reference, 0U);
  EXPECT_DOUBLE_EQ(*comparison.errors[1].throughput, -0.2);
}

ComparedRun deployed(const std::string& name, const std::string& network, const std::string& links,
                     const std::string& compute, double throughput = 100) {
  auto run = run_of("a", "deploy", throughput);
  run.directory = name;
  run.network = network;
  run.link_conditions = links;
  run.compute = compute;
  return run;
}

TEST(Comparison, WhatIsNearestToRealityIsTheReference) {
  const auto loopback = deployed("loopback", "real", "not applied", "imitated");
  const auto devices = deployed("devices", "real", "given", "measured");
  const auto held = deployed("held", "real", "given", "imitated");
  const auto shaped = deployed("shaped", "netns", "shaped", "imitated");
  auto broken = shaped;
  broken.complete = false;
  const auto model = run_of("a", "simulate", 50);
  const auto reference = [](const std::vector<ComparedRun>& runs) {
    return compare_runs(runs).groups.at(0).reference;
  };
  EXPECT_EQ(reference({loopback, devices, shaped}), 2U);
  EXPECT_EQ(reference({held, model, devices}), 2U) << "measured before imitated";
  EXPECT_EQ(reference({broken, shaped}), 1U);
  EXPECT_EQ(reference({loopback, model}), 1U) << "a run without applied links is no reference";
}

TEST(Comparison, TheReferenceThatIsNamedIsTaken) {
  const auto runs = {run_of("a", "deploy", 100), run_of("a", "simulate", 50), run_of("b", "simulate", 20),
                     run_of("b", "deploy", 10)};
  const auto comparison = compare_runs(runs, 1);
  EXPECT_EQ(comparison.groups.at(0).reference, 1U);
  EXPECT_EQ(comparison.groups.at(1).reference, 2U) << "the other group's run of that kind";
  EXPECT_DOUBLE_EQ(*comparison.errors[0].throughput, 1);
}

TEST(Comparison, WhatLinksThatWereNotAppliedDoIsNoError) {
  auto model = run_of("a", "simulate", 110);
  model.link_conditions = "simulated";
  const auto comparison = compare_runs({model, deployed("loopback", "real", "not applied", "imitated", 264)});
  const auto json = nlohmann::json::parse(comparison_json(comparison))["groups"][0]["runs"][1];
  EXPECT_TRUE(json["errors"].is_null());
  EXPECT_DOUBLE_EQ(json["differences_by_links_not_applied"]["throughput"], 1.4);
  const auto table = comparison_table(comparison);
  EXPECT_NE(
      table.find("deploy/real: its throughput differs by +140.00 % from that of simulate/fluid, as the "
                 "scenario's links were not applied in the former; this is the difference of the links, "
                 "not an error of simulation\n"),
      std::string::npos)
      << table;
  EXPECT_EQ(table.find("+140.00 %"), table.rfind("+140.00 %")) << "not in a column of errors too";
  const auto alike = compare_runs({deployed("x", "real", "not applied", "imitated", 100),
                                   deployed("y", "real", "not applied", "imitated", 110)});
  EXPECT_FALSE(alike.other_links[1]) << "both went over loopback";
}

TEST(Comparison, LabelsTellAllRunsApart) {
  auto one = run_of("a", "simulate", 1), other = run_of("b", "simulate", 2);
  one.short_policy = "uniform 8";
  other.short_policy = "deadline klt";
  using Labels = std::vector<std::string>;
  EXPECT_EQ(compare_runs({one, run_of("a", "cosim", 1)}).labels, (Labels{"simulate/fluid", "cosim/fluid"}));
  EXPECT_EQ(compare_runs({one, other}).labels,
            (Labels{"simulate/fluid uniform 8", "simulate/fluid deadline klt"}));
  other.short_policy = one.short_policy;
  one.directory = "runs/first/";
  other.directory = "runs/second";
  EXPECT_EQ(compare_runs({one, other}).labels, (Labels{"simulate/fluid first", "simulate/fluid second"}));
  other.directory = "elsewhere/first";
  EXPECT_EQ(compare_runs({one, other}).labels,
            (Labels{"simulate/fluid runs/first/", "simulate/fluid elsewhere/first"}));
  EXPECT_EQ(compare_runs({one, one}).labels,
            (Labels{"simulate/fluid runs/first/ #1", "simulate/fluid runs/first/ #2"}));
}

TEST(Comparison, CaveatsOfEachRunAreInTableAndJson) {
  auto run = run_of("a", "deploy", 1);
  run.caveats = {{"compute_imitated", "compute imitated: by a key"}, {"incomplete", "it ended early"}};
  run.compute = "imitated";
  const auto comparison = compare_runs({run, run_of("a", "simulate", 1)});
  const auto table = comparison_table(comparison);
  EXPECT_NE(table.find("deploy/netns: compute imitated: by a key\n"), std::string::npos) << table;
  EXPECT_NE(table.find("deploy/netns: INCOMPLETE: it ended early\n"), std::string::npos) << table;
  const auto json = nlohmann::json::parse(comparison_json(comparison))["groups"][0]["runs"];
  EXPECT_EQ(json[0]["caveats"][0]["id"], "compute_imitated");
  EXPECT_EQ(json[0]["compute"], "imitated");
  EXPECT_TRUE(json[1]["compute"].is_null()) << "unknown for a run of an earlier release";
}

TEST(Comparison, EachExperimentHasItsOwnReference) {
  const auto comparison = compare_runs({run_of("a", "simulate", 10), run_of("b", "deploy", 100),
                                        run_of("a", "deploy", 20), run_of("b", "simulate", 90)});
  ASSERT_EQ(comparison.groups.size(), 2U);
  EXPECT_EQ(comparison.groups[0].reference, 2U);
  EXPECT_EQ(comparison.groups[1].reference, 1U);
  EXPECT_DOUBLE_EQ(*comparison.errors[0].throughput, -0.5);
  EXPECT_DOUBLE_EQ(*comparison.errors[3].throughput, -0.1);
}

TEST(Comparison, RunsWithNothingInCommonAreHeldAgainstOneAndSaySo) {
  const auto comparison = compare_runs({run_of("a", "simulate", 10), run_of("b", "simulate", 15)});
  ASSERT_EQ(comparison.groups.size(), 1U);
  EXPECT_TRUE(comparison.one_experiment_each);
  EXPECT_DOUBLE_EQ(*comparison.errors[1].throughput, 0.5);
  EXPECT_NE(comparison_table(comparison).find("different scenarios"), std::string::npos);
}

TEST(Comparison, SaysWhereScenariosFirstDiffer) {
  auto one = run_of("a: 1\nrun:\n  seed: 1\n  window: 2\n", "deploy", 10);
  auto other = run_of("a: 1\nrun:\n  seed: 3\n  window: 4\n", "simulate", 15);
  auto longer = run_of("a: 1\nrun:\n  seed: 1\n  window: 2\nmore: yes\n", "simulate", 15);
  one.directory = "x";
  other.directory = "y";
  longer.directory = "z";
  const auto table = comparison_table(compare_runs({one, other, longer}));
  EXPECT_NE(table.find("y: its scenario has \"seed: 3\" where that of x has \"seed: 1\"\n"),
            std::string::npos);
  EXPECT_NE(table.find("z: its scenario has \"more: yes\" where that of x has \"\"\n"), std::string::npos);
}

TEST(Comparison, StagesOnOtherDevicesHaveNoAttributionError) {
  auto one = run_of("a", "deploy", 1), other = run_of("a", "simulate", 1);
  one.stages = {shares("x", 0.5, 0.5)};
  other.stages = {shares("y", 0.5, 0.5)};
  const auto comparison = compare_runs({one, other});
  EXPECT_TRUE(comparison.errors[1].attribution.empty());
  EXPECT_FALSE(comparison.errors[1].worst_attribution());
}

// Three policies: a and b are within 2 % of each other in reality, c is slowest. The model has c before a.
TEST(Comparison, RankingCountsPairsThatDifferAndSeesWhoIsFirst) {
  const auto comparison =
      compare_runs({run_of("a", "deploy", 100), run_of("a", "simulate", 90), run_of("b", "deploy", 101),
                    run_of("b", "simulate", 99), run_of("c", "deploy", 80), run_of("c", "simulate", 95)});
  ASSERT_EQ(comparison.rankings.size(), 1U);
  const auto& ranking = comparison.rankings[0];
  EXPECT_EQ(ranking.world, "simulate/fluid");
  EXPECT_EQ(ranking.reference, "deploy/netns");
  ASSERT_EQ(ranking.pairs.size(), 2U);  // a-b differ by 1 %
  EXPECT_EQ(ranking.agreeing(), 1U);
  EXPECT_EQ(comparison.runs[ranking.pairs[0].first].experiment, "a");
  EXPECT_EQ(comparison.runs[ranking.pairs[0].second].experiment, "c");
  EXPECT_FALSE(ranking.pairs[0].agrees);
  EXPECT_TRUE(ranking.pairs[1].agrees);
}

TEST(Comparison, PoliciesOfDifferentProblemsAreNotRanked) {
  auto real = run_of("b", "deploy", 10), model = run_of("b", "simulate", 10);
  real.problem = model.problem = "two";
  const auto comparison =
      compare_runs({run_of("a", "deploy", 100), run_of("a", "simulate", 90), real, model});
  EXPECT_TRUE(comparison.rankings.empty());
}

TEST(Comparison, JsonHoldsTheErrorsAsNumbersAndWhatIsMissingAsNull) {
  auto real = run_of("a", "deploy", 80), model = run_of("a", "simulate", 84);
  const auto json = nlohmann::json::parse(comparison_json(compare_runs({real, model})));
  const auto& runs = json.at("groups").at(0).at("runs");
  EXPECT_TRUE(runs.at(0).at("reference").get<bool>());
  EXPECT_TRUE(runs.at(0).at("errors").is_null());
  EXPECT_DOUBLE_EQ(runs.at(1).at("errors").at("throughput").get<double>(), 0.05);
  EXPECT_TRUE(runs.at(1).at("errors").at("p50").is_null());
}

}  // namespace
}  // namespace millrace
