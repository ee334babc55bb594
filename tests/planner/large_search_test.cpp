// The heuristic for many devices against the exact search where both are possible, and its bound where only
// the heuristic is.
#include "runtime/planner/large_search.hpp"

#include <gtest/gtest.h>

#include "runtime/planner/planner.hpp"
#include "tests/planner/planning_oracle.hpp"

namespace millrace {
namespace {

TEST(LargeSearch, TheExactOptimumLiesBetweenItsBoundAndItsPlan) {
  Random random(3, "large search");
  int compared = 0, met = 0;
  for (const auto pattern : oracle::kPatterns) {
    for (int i = 0; i < 40; ++i) {
      const auto problem = oracle::random_problem(pattern, random);
      const auto exact = plan_pipeline(problem, {.compare = false});
      const SearchSpace space(problem, false);
      const LargeAnswer large = search_large(space, {});
      ASSERT_EQ(exact.ok(), large.answer.placement.has_value()) << oracle::pattern_name(pattern) << " " << i;
      if (!exact.ok()) continue;
      const double best_s = exact->prediction.bottleneck_s;
      EXPECT_LE(large.lower_bound_s, best_s * (1 + 1e-9)) << oracle::pattern_name(pattern) << " " << i;
      const double found_s = period_of(space, *large.answer.placement);
      EXPECT_GE(found_s, best_s * (1 - 1e-9)) << oracle::pattern_name(pattern) << " " << i;
      ++compared;
      if (found_s <= best_s * (1 + 1e-9)) ++met;
    }
  }
  EXPECT_GT(compared, 150);
  EXPECT_GT(met, compared * 9 / 10);  // with so few devices it should nearly always find the optimum
}

TEST(LargeSearch, SeventyDifferentDevicesGetAPlanABoundAndTheWordHeuristic) {
  Random random(4, "seventy");
  PlanningProblem p;
  p.model = "seventy";
  p.layers = 48;
  for (int d = 0; d < 70; ++d) {
    PlanningDevice device{.name = "d" + std::to_string(d), .compute_s = {}};
    const double speed = 0.5 + random.uniform();
    for (int layer = 0; layer < p.layers; ++layer)
      device.compute_s.push_back(speed * (0.5 + random.uniform()));
    p.devices.push_back(std::move(device));
  }
  p.hops.assign(70, std::vector<PlanningHop>(70));
  for (auto& row : p.hops) {
    for (auto& hop : row) hop = {.bit_per_s = 20 + 80 * random.uniform()};
  }
  p.codings = {{.bits_per_value = 32, .wire_bytes = std::vector<double>(49, 1.0)}};
  p.weight_bytes.assign(48, 1);
  const auto planned = plan_pipeline(p, {.compare = false});
  ASSERT_TRUE(planned.ok()) << planned.error().message;
  EXPECT_LE(planned->lower_bound_s, planned->prediction.bottleneck_s * (1 + 1e-9));
  EXPECT_GT(planned->lower_bound_s, 0.3 * planned->prediction.bottleneck_s);
  EXPECT_EQ(planned->stages.back().layers.last, 48);
  for (const char* simple : {"even", "pipedream"}) {
    PlanningProblem first = p;
    for (std::size_t d = 48; d < 70; ++d) first.devices[d].stage = false;  // no more than sub-layers
    const auto other = plan_pipeline(first, {.algorithm = simple, .compare = false});
    ASSERT_TRUE(other.ok()) << other.error().message;
    EXPECT_LT(planned->prediction.bottleneck_s, other->prediction.bottleneck_s) << simple;
  }
  if (!planned->exact) {
    EXPECT_NE(planning_table(p, *planned).find("heuristic: no plan can have"), std::string::npos);
  }
}

}  // namespace
}  // namespace millrace
