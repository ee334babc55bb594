// The planner against all plans of random small problems of each pattern. A seed that fails is
// printed with the message.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "runtime/planner/planner.hpp"
#include "tests/planner/planning_oracle.hpp"

namespace millrace {
namespace {

using oracle::Figures;
using Objective = PlanningGoal::Objective;
constexpr int kProblems = 10'000;  // of each pattern

// The least value among all plans that qualify.
template <class Qualifies, class Value>
std::optional<double> least(const std::vector<Figures>& plans, Qualifies&& qualifies, Value&& value) {
  std::optional<double> best;
  for (const auto& plan : plans) {
    if (qualifies(plan) && (!best || value(plan) < *best)) best = value(plan);
  }
  return best;
}

bool close(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b)); }

class Exact : public testing::TestWithParam<oracle::Pattern> {
 protected:
  // The planner's answer to the goal, or nothing where it says infeasible.
  std::optional<Prediction> planned(PlanningProblem& problem, const PlanningGoal& goal) {
    problem.goal = goal;
    EXPECT_TRUE(check_problem(problem).ok()) << check_problem(problem).error().message;
    const auto result = plan_pipeline(problem, {.algorithm = "optimal", .compare = false});
    if (!result) {
      EXPECT_EQ(result.error().code, ExitCode::run_failed) << result.error().message;
      return std::nullopt;
    }
    EXPECT_TRUE(result->exact);
    EXPECT_TRUE(result->violations.empty());
    return result->prediction;
  }

  void expect_same(const std::optional<double>& found, const std::optional<double>& best, const char* goal) {
    ASSERT_EQ(found.has_value(), best.has_value()) << goal << ", problem " << problem_;
    if (found) {
      EXPECT_TRUE(close(*found, *best))
          << goal << ", problem " << problem_ << ": " << *found << " is not " << *best;
    }
  }

  int problem_ = 0;
};

template <class Member>
std::optional<double> figure(const std::optional<Prediction>& found, Member member) {
  return found ? std::optional((*found).*member) : std::nullopt;
}

const auto kBottleneck = [](const Figures& f) { return f.bottleneck_s; };
const auto kLatency = [](const Figures& f) { return f.latency_s; };
const auto kAll = [](const Figures&) { return true; };

TEST_P(Exact, ThroughputAndLatencyEqualTheBestOfAllPlans) {
  Random random(1, "planner exact " + oracle::pattern_name(GetParam()));
  int infeasible = 0;
  for (problem_ = 0; problem_ < kProblems && !HasFatalFailure(); ++problem_) {
    auto problem = oracle::random_problem(GetParam(), random);
    const auto plans = oracle::all_plans(problem);
    if (plans.empty()) ++infeasible;
    const auto best = least(plans, kAll, kBottleneck);
    const auto fastest = planned(problem, {});
    expect_same(figure(fastest, &Prediction::bottleneck_s), best, "throughput");
    if (best) {  // among equally fast plans, that with the least latency
      const auto quick = [&](const Figures& f) { return f.bottleneck_s <= *best * (1 + 1e-12); };
      expect_same(figure(fastest, &Prediction::latency_s), least(plans, quick, kLatency),
                  "latency among equals");
    }
    const auto shortest = least(plans, kAll, kLatency);
    expect_same(figure(planned(problem, {.objective = Objective::latency}), &Prediction::latency_s), shortest,
                "latency");
    if (!best) continue;
    // Somewhere between the shortest latency and that of the fastest plan, or a little less than possible.
    const double bound = *shortest + (fastest->latency_s * 1.05 - *shortest) * (random.uniform() * 1.2 - 0.1);
    const auto in_time = [&](const Figures& f) { return f.latency_s <= bound; };
    expect_same(figure(planned(problem, {.latency_bound_s = bound}), &Prediction::bottleneck_s),
                least(plans, in_time, kBottleneck), "throughput within a latency");
    const double period = *best * (0.9 + 2 * random.uniform());
    const auto in_rate = [&](const Figures& f) { return f.bottleneck_s <= period; };
    expect_same(figure(planned(problem, {.objective = Objective::latency,
                                         .target_images_per_s = problem.images / period}),
                       &Prediction::latency_s),
                least(plans, in_rate, kLatency), "latency at a rate");
  }
  RecordProperty("infeasible", infeasible);
  EXPECT_LT(infeasible, kProblems / 2);  // otherwise the pattern tests too little
}

INSTANTIATE_TEST_SUITE_P(Patterns, Exact, testing::ValuesIn(oracle::kPatterns),
                         [](const auto& pattern) { return oracle::pattern_name(pattern.param); });

class JointExact : public Exact {};

TEST_P(JointExact, AccuracyAtARateAndRateAtAnAccuracyEqualTheBestOfAllPlans) {
  Random random(2, "planner joint " + oracle::pattern_name(GetParam()));
  const auto loss = [](const Figures& f) { return -f.accuracy; };
  for (problem_ = 0; problem_ < kProblems && !HasFatalFailure(); ++problem_) {
    auto problem = oracle::random_problem(GetParam(), random);
    const auto plans = oracle::all_plans(problem);
    const auto best = least(plans, kAll, kBottleneck);
    if (!best) continue;
    const double period = *best * (0.95 + 1.5 * random.uniform());
    const auto in_rate = [&](const Figures& f) { return f.bottleneck_s <= period; };
    auto most_accurate = least(plans, in_rate, loss);
    if (most_accurate) *most_accurate *= -1;
    expect_same(figure(planned(problem, {.objective = Objective::accuracy,
                                         .target_images_per_s = problem.images / period}),
                       &Prediction::accuracy),
                most_accurate, "accuracy at a rate");
    const double ceiling = -*least(plans, kAll, loss);
    const double floor = ceiling * (0.6 + 0.45 * random.uniform());
    if (floor > 1) continue;
    const auto accurate = [&](const Figures& f) { return f.accuracy >= floor; };
    expect_same(figure(planned(problem, {.accuracy_floor = floor}), &Prediction::bottleneck_s),
                least(plans, accurate, kBottleneck), "rate at an accuracy");
  }
}

INSTANTIATE_TEST_SUITE_P(Patterns, JointExact,
                         testing::Values(oracle::Pattern::codings, oracle::Pattern::everything),
                         [](const auto& pattern) { return oracle::pattern_name(pattern.param); });

}  // namespace
}  // namespace millrace
