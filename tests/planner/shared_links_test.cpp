// Hops over shared links: the prediction against all plans, and the planner's claims of exactness.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/planner/planner.hpp"
#include "tests/planner/planning_oracle.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

// Every hop goes over one or two of three links, and is as fast as the slowest of them.
PlanningProblem with_links(PlanningProblem problem, Random& random) {
  for (int l = 0; l < 3; ++l)
    problem.links.push_back({"link " + std::to_string(l), std::exp(4 * random.uniform())});
  for (auto& row : problem.hops) {
    for (auto& hop : row) {
      if (hop.bit_per_s == 0) continue;
      const auto first = static_cast<std::uint32_t>(random.below(3));
      hop.links = {first};
      if (random.below(2) == 0) hop.links.push_back((first + 1) % 3);
      hop.bit_per_s = problem.links[first].bit_per_s;
      for (const auto l : hop.links) hop.bit_per_s = std::min(hop.bit_per_s, problem.links[l].bit_per_s);
    }
  }
  return problem;
}

TEST(SharedLinks, WhatThePlannerClaimsHoldsAgainstEveryPlan) {
  Random random(5, "shared links");
  int exact = 0, heuristic = 0, optimal = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto pattern = oracle::kPatterns[random.below(std::size(oracle::kPatterns))];
    const auto problem = with_links(oracle::random_problem(pattern, random), random);
    ASSERT_TRUE(check_problem(problem).ok());
    const auto plans = oracle::all_plans(problem);
    const auto found = plan_pipeline(problem, {.compare = false});
    ASSERT_EQ(found.ok(), !plans.empty()) << i;
    if (!found.ok()) continue;
    double best_s = plans.front().bottleneck_s;
    bool is_a_plan = false;
    for (const auto& plan : plans) {
      best_s = std::min(best_s, plan.bottleneck_s);
      is_a_plan |= std::abs(plan.bottleneck_s - found->prediction.bottleneck_s) <= 1e-9 * plan.bottleneck_s &&
                   std::abs(plan.latency_s - found->prediction.latency_s) <= 1e-9 * plan.latency_s;
    }
    ASSERT_TRUE(is_a_plan) << i << ": the prediction is not that of any plan";
    EXPECT_LE(found->lower_bound_s, best_s * (1 + 1e-9)) << i;
    EXPECT_GE(found->prediction.bottleneck_s, best_s * (1 - 1e-9)) << i;
    const bool is_best = found->prediction.bottleneck_s <= best_s * (1 + 1e-9);
    if (found->exact) {
      EXPECT_TRUE(is_best) << i << ": called exact, but not the best";
    }
    ++(found->exact ? exact : heuristic);
    if (is_best && !found->exact) ++optimal;
  }
  EXPECT_GT(exact, 1000);
  EXPECT_GT(heuristic, 100);          // otherwise sharing is not tested
  EXPECT_GT(optimal, heuristic / 2);  // the heuristic is worth its rounds
  RecordProperty("heuristic", heuristic);
  RecordProperty("optimal", optimal);
}

// Two boards behind one link from the source: both hops out of it cross it.
PlanningProblem two_behind_a_trunk() {
  PlanningProblem p;
  p.model = "two";
  p.layers = 2;
  p.devices = {{.name = "hub", .stage = false, .compute_s = {}},
               {.name = "a", .compute_s = {1, 1}},
               {.name = "b", .compute_s = {1, 1}}};
  p.source = p.sink = 0;
  p.links = {{"hub -> switch", 8}, {"switch -> hub", 8}};
  p.hops.assign(3, std::vector<PlanningHop>(3));
  for (std::size_t d = 1; d < 3; ++d) {
    p.hops[0][d] = {.bit_per_s = 8, .links = {0}};
    p.hops[d][0] = {.bit_per_s = 8, .links = {1}};
  }
  p.hops[1][2] = p.hops[2][1] = {.bit_per_s = 8, .links = {1, 0}};
  p.codings = {{.bits_per_value = 32, .wire_bytes = {1, 1, 1}}};
  p.weight_bytes = {1, 1};
  return p;
}

TEST(SharedLinks, AreABottleneckOfTheirOwnAndAreNamed) {
  const auto p = two_behind_a_trunk();
  const auto even = plan_pipeline(p, {.algorithm = "even", .compare = false});
  EXPECT_DOUBLE_EQ(even->prediction.bottleneck_s, 2);  // input and activation over the one, two back
  EXPECT_EQ(even->prediction.bottleneck, "link hub -> switch, shared by 2 transfers");
  EXPECT_THAT(planning_table(p, *even),
              HasSubstr("link switch -> hub is shared: 2 transfers take 2.00000 s"));
  const auto best = plan_pipeline(p, {.compare = false});
  EXPECT_DOUBLE_EQ(best->prediction.bottleneck_s, 2);  // one board or two: the same
  EXPECT_DOUBLE_EQ(best->lower_bound_s, 1);
  EXPECT_FALSE(best->exact);
  EXPECT_THAT(planning_table(p, *best),
              HasSubstr("heuristic: no plan can have a bottleneck below 1.00000 s"));
}

TEST(SharedLinks, ARateThatSharingDeniesIsAnErrorAndNotAPromise) {
  auto p = two_behind_a_trunk();
  p.goal = {.objective = PlanningGoal::Objective::latency, .target_images_per_s = 0.9};
  const auto refused = plan_pipeline(p, {.compare = false});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ExitCode::run_failed);
  EXPECT_THAT(refused.error().message, HasSubstr("links that several hops share leave"));
  p.goal.target_images_per_s = 0.5;
  EXPECT_TRUE(plan_pipeline(p, {.compare = false}).ok());
}

}  // namespace
}  // namespace millrace
