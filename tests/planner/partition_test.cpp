#include "runtime/planner/partition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace millrace {
namespace {

using testing::HasSubstr;

PartitionRequest request(int blocks, std::uint32_t devices) {
  PartitionRequest made{.sub_layers = 4 * blocks, .source = {0}, .sink = {0}, .devices = {}};
  for (std::uint32_t i = 0; i < devices; ++i) made.devices.push_back({i + 1});
  return made;
}

std::vector<int> sizes(const Plan& plan) {
  std::vector<int> made;
  for (const auto& stage : plan.stages) made.push_back(stage.layers.last - stage.layers.first + 1);
  return made;
}

TEST(EvenPartition, StagesCoverEverySubLayerOnceAndDifferByAtMostOneBiggestFirst) {
  for (int blocks = 1; blocks <= 12; ++blocks) {
    for (std::uint32_t devices = 1; devices <= static_cast<std::uint32_t>(4 * blocks); ++devices) {
      const auto plan = plan_evenly(request(blocks, devices));
      ASSERT_TRUE(plan.ok()) << plan.error().message;
      EXPECT_TRUE(check_plan(*plan, 4 * blocks, devices + 1).ok());
      ASSERT_EQ(plan->stages.size(), devices);
      const auto made = sizes(*plan);
      const auto [least, most] = std::minmax_element(made.begin(), made.end());
      EXPECT_LE(*most - *least, 1) << blocks << " blocks on " << devices;
      for (std::uint32_t i = 0; i < devices; ++i) EXPECT_EQ(plan->stages[i].device, DeviceId{i + 1});
    }
  }
}

TEST(EvenPartition, TheFirstStagesTakeOneMoreWhereTheyDoNotDivide) {
  EXPECT_THAT(sizes(plan_evenly(request(2, 3)).value()), testing::ElementsAre(3, 3, 2));
  EXPECT_THAT(sizes(plan_evenly(request(2, 5)).value()), testing::ElementsAre(2, 2, 2, 1, 1));
  EXPECT_THAT(sizes(plan_evenly(request(3, 5)).value()), testing::ElementsAre(3, 3, 2, 2, 2));
}

TEST(EvenPartition, MoreDevicesThanSubLayersOrNoneAreAnError) {
  const auto many = plan_evenly(request(1, 5));
  EXPECT_THAT(many.error().message, HasSubstr("5 devices cannot share 4 sub-layers"));
  EXPECT_EQ(many.error().code, ExitCode::invalid_input);
  EXPECT_FALSE(plan_evenly(request(1, 0)).ok());
}

TEST(FixedPartition, CutsWhereItIsTold) {
  const auto plan = plan_with_cuts(request(3, 3), {2, 9});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->stages[0].layers, (LayerRange{1, 2}));
  EXPECT_EQ(plan->stages[1].layers, (LayerRange{3, 9}));
  EXPECT_EQ(plan->stages[2].layers, (LayerRange{10, 12}));
}

TEST(FixedPartition, OneDeviceNeedsNoCut) {
  EXPECT_EQ(plan_with_cuts(request(3, 1), {})->stages[0].layers, (LayerRange{1, 12}));
}

TEST(FixedPartition, CutsAndDevicesMustFit) {
  const auto plan = plan_with_cuts(request(3, 2), {2, 9});
  EXPECT_THAT(plan.error().message, HasSubstr("2 cuts make 3 stages, but 2 devices"));
  EXPECT_EQ(plan.error().code, ExitCode::invalid_input);
}

TEST(FixedPartition, CutsOutsideTheModelOrOutOfOrderAreErrors) {
  for (const auto& cuts : std::vector<std::vector<int>>{{0}, {12}, {13}, {-1}, {2147483647}})
    EXPECT_FALSE(plan_with_cuts(request(3, 2), cuts).ok()) << cuts[0];
  EXPECT_FALSE(plan_with_cuts(request(3, 3), {9, 2}).ok());
  EXPECT_FALSE(plan_with_cuts(request(3, 3), {4, 4}).ok());
}

}  // namespace
}  // namespace millrace
