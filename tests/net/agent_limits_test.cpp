#include "runtime/net/agent_limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/scenario/scenario_reader.hpp"
#include "tests/contract/byte_pipeline.hpp"
#include "tests/support/agents.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

class TheLimits : public testing::Test {
 protected:
  Result<void> check(const AgentLimits& limits) const { return check_limits(limits, scenario_, plan_, all_); }

  Scenario scenario_ = ring_scenario(3);
  Plan plan_ = Pipeline{.devices = {0, 1, 2, 0}}.plan();
  std::vector<NodeId> all_{{0}, {1}, {2}, {3}};
};

TEST_F(TheLimits, OfThreadsHoldForAllStagesTogether) {
  scenario_.devices[1].threads = 5;
  scenario_.devices[2].threads = 4;
  EXPECT_TRUE(check({.memory = {}, .threads = 9}).ok());
  const auto refused = check({.memory = {}, .threads = 8});
  EXPECT_EQ(
      refused.error().message,
      "stage 1, stage 2: 9 threads are asked for, and this agent gives a run 8; ask for fewer (`threads` "
      "of the device), or start the agent with --threads 9");
  EXPECT_TRUE(check_limits({.memory = {}, .threads = 8}, scenario_, plan_, {{0}, {1}, {3}}).ok());
}

TEST_F(TheLimits, OfMemoryCountWeightsAndAMicrobatch) {
  const auto& model = scenario_.model.config;
  const auto weights = weight_bytes(model, {1, model.sub_layers()});
  const auto least = least_memory(scenario_, plan_, all_);
  EXPECT_GT(least, weights);
  EXPECT_LT(least, weights + weights) << "four images are small";
  scenario_.model.microbatch = 8;
  const auto more = least_memory(scenario_, plan_, all_);
  EXPECT_EQ(more - weights, (least - weights) + (least - weights)) << "twice the images";
  EXPECT_TRUE(check({.memory = more, .threads = {}}).ok());
  EXPECT_THAT(check({.memory = more - Bytes(1), .threads = {}}).error().message,
              HasSubstr("start the agent with a larger --memory"));
  EXPECT_EQ(least_memory(scenario_, plan_, {{0}, {3}}), Bytes(0)) << "source and sink keep no weights";
}

TEST_F(TheLimits, OfThisMachineAreThoseItHas) {
  const auto limits = limits_of_this_machine();
  EXPECT_GE(*limits.threads, 64);
  ASSERT_TRUE(limits.memory.has_value());
  EXPECT_GT(*limits.memory, Bytes(16 << 20));
  EXPECT_TRUE(check({}).ok()) << "nothing set is no limit";
}

}  // namespace
}  // namespace millrace
