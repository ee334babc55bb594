#include "runtime/planner/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace millrace {
namespace {

using testing::HasSubstr;

Plan good() { return {{0}, {3}, {{{1}, {1, 5}}, {{2}, {6, 8}}}}; }
std::string fault(const Plan& plan) {
  const auto checked = check_plan(plan, 8, 4);
  return checked.ok() ? "none" : checked.error().message;
}

TEST(APlan, NumbersItsNodesAlongThePipeline) {
  const auto plan = good();
  EXPECT_EQ(plan.node_count(), 4U);
  EXPECT_EQ(plan.device_of({0}), DeviceId{0});
  EXPECT_EQ(plan.device_of({1}), DeviceId{1});
  EXPECT_EQ(plan.device_of({2}), DeviceId{2});
  EXPECT_EQ(plan.device_of({3}), DeviceId{3});
  EXPECT_EQ(node_name(plan, {0}), "source");
  EXPECT_EQ(node_name(plan, {2}), "stage 2");
  EXPECT_EQ(node_name(plan, {3}), "sink");
}

TEST(CheckPlan, TakesAGoodOne) { EXPECT_EQ(fault(good()), "none"); }

TEST(CheckPlan, RefusesGapsOverlapsAndBackwardRanges) {
  auto plan = good();
  plan.stages[1].layers.first = 7;
  EXPECT_THAT(fault(plan), HasSubstr("stage 2 holds sub-layers 7..8, expected a range that begins at 6"));
  plan.stages[1].layers.first = 5;
  EXPECT_NE(fault(plan), "none");
  plan = good();
  plan.stages[0].layers = {1, 0};
  EXPECT_NE(fault(plan), "none");
  plan.stages[0].layers = {0, 5};
  EXPECT_NE(fault(plan), "none");
}

TEST(CheckPlan, RefusesOneThatEndsElsewhereThanTheModel) {
  auto plan = good();
  plan.stages[1].layers.last = 7;
  EXPECT_THAT(fault(plan), HasSubstr("ends at sub-layer 7, the model has 8"));
  plan.stages[1].layers.last = 9;
  EXPECT_NE(fault(plan), "none");
}

TEST(CheckPlan, RefusesDevicesThatDoNotExist) {
  auto plan = good();
  plan.stages[1].device = {4};
  EXPECT_THAT(fault(plan), HasSubstr("stage 2 names no device"));
  plan = good();
  plan.source = {4};
  EXPECT_NE(fault(plan), "none");
  plan = good();
  plan.sink = {std::numeric_limits<std::uint32_t>::max()};
  EXPECT_NE(fault(plan), "none");
}

TEST(CheckPlan, RefusesBitsThatNoEncodingHas) {
  auto plan = good();
  plan.stages[0].bits = 2.5;
  EXPECT_EQ(fault(plan), "none");
  for (const double bits :
       {0.0, -1.0, 32.5, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    plan.stages[0].bits = bits;
    EXPECT_THAT(fault(plan), HasSubstr("bits per value"));
  }
}

TEST(CheckPlan, RefusesOneWithoutStages) { EXPECT_THAT(fault({{0}, {0}, {}}), HasSubstr("no stages")); }

TEST(CheckPlan, RefusesTheLargestNumbersWithoutOverflow) {
  constexpr int kMost = std::numeric_limits<int>::max();
  EXPECT_NE(fault({{0}, {0}, {{{1}, {1, kMost}}}}), "none");
  EXPECT_NE(fault({{0}, {0}, {{{1}, {1, kMost}}, {{1}, {1, 8}}}}), "none");
  EXPECT_NE(fault({{0}, {0}, {{{1}, {-kMost - 1, kMost}}}}), "none");
}

}  // namespace
}  // namespace millrace
