#include "runtime/node/build_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/node/sink_node.hpp"
#include "runtime/node/source_node.hpp"
#include "runtime/node/stage_node.hpp"
#include "tests/node/recording_outbox.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

class BuildNode : public testing::Test {
 protected:
  BuildNode() {
    scenario_.model.config = model_by_name("vit-tiny").value();
    scenario_.model.microbatch = 8;
    scenario_.workload.images = 20;
    scenario_.run.window = 1;
    for (const char* name : {"camera", "a", "b"}) {
      DeviceSection device;
      device.name = name;
      device.flop_per_s = 1e9;
      scenario_.devices.push_back(device);
    }
    scenario_.policy.quantization.codec = "uniform";
    scenario_.policy.quantization.bits = 4;
  }
  std::unique_ptr<Node> node(std::uint32_t id) { return build_node(scenario_, plan_, {id}).value(); }
  // What crosses the cut after this node for one image, in `simulate`.
  Outcome sent(std::uint32_t id, double bits) {
    Work work;
    work.kind = WorkKind::encode;
    work.images = 1;
    work.budget = {bits};
    return build_size_executor(scenario_, plan_, {id}).value()->run(work).value();
  }

  Scenario scenario_;
  Plan plan_{{0}, {0}, {{{1}, {1, 24}}, {{2}, {25, 48}}}};
};

TEST_F(BuildNode, NodesFollowThePlansNumbers) {
  EXPECT_NE(dynamic_cast<SourceNode*>(node(0).get()), nullptr);
  EXPECT_NE(dynamic_cast<StageNode*>(node(1).get()), nullptr);
  EXPECT_NE(dynamic_cast<StageNode*>(node(2).get()), nullptr);
  EXPECT_NE(dynamic_cast<SinkNode*>(node(3).get()), nullptr);
}

TEST_F(BuildNode, TheSourceHasTheScenariosWorkloadAndWindow) {
  const auto source = node(0);
  RecordingOutbox out;
  ASSERT_TRUE(source->on_start(at(0), out).ok());
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(source->on_computed(at(0), out.jobs.back().first, outcome(1), out).ok());
  EXPECT_EQ(out.activations().size(), 1U) << "a window of 1";
  EXPECT_EQ(out.sent[0].first, NodeId{1});
  ASSERT_TRUE(source->on_message(at(1), {1}, acknowledge(0, 1), out).ok());
  EXPECT_EQ(out.jobs.back().second.images, 4U) << "20 = 8 + 8 + 4";
}

TEST_F(BuildNode, TheSinkWaitsForEveryMicrobatch) {
  const auto sink = node(3);
  RecordingOutbox out;
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_FALSE(out.finished);
    ASSERT_TRUE(sink->on_message(at(0), {2}, microbatch(i), out).ok());
    ASSERT_TRUE(sink->on_computed(at(0), out.jobs.back().first, {}, out).ok());
  }
  EXPECT_TRUE(out.finished);
}

TEST_F(BuildNode, LogitsAreNeverQuantized) {
  for (const auto& [id, budget] : {std::pair(1U, Budget{4}), std::pair(2U, Budget{32})}) {
    const auto stage = node(id);
    RecordingOutbox out;
    ASSERT_TRUE(stage->on_message(at(0), {id - 1}, microbatch(0), out).ok());
    ASSERT_TRUE(stage->on_computed(at(0), out.jobs.back().first, {}, out).ok());
    EXPECT_EQ(out.jobs.back().second.budget, budget) << "stage " << id;
    EXPECT_EQ(sent(id, budget.bits_per_value).bit_width, budget.bits_per_value);
  }
}

TEST_F(BuildNode, TheSourceSendsPixels) { EXPECT_EQ(sent(0, 8).bit_width, 8); }

TEST_F(BuildNode, AnUnknownPolicyOrCodecIsAnError) {
  scenario_.policy.quantization.kind = "clever";
  EXPECT_THAT(build_node(scenario_, plan_, {1}).error().message, HasSubstr("\"clever\""));
  scenario_.policy.quantization.codec = "zip";
  EXPECT_FALSE(build_size_executor(scenario_, plan_, {1}).ok());
}

TEST_F(BuildNode, CostsFollowTheScenariosComputeAndTheDevice) {
  Work work;
  work.kind = WorkKind::forward;
  work.images = 1;
  EXPECT_EQ(build_cost(scenario_, plan_, {0}).value()->planned(work)->total(), Duration{});
  EXPECT_EQ(build_cost(scenario_, plan_, {3}).value()->planned(work)->total(), Duration{});
  const auto slow = build_cost(scenario_, plan_, {1}).value()->planned(work)->compute;
  EXPECT_EQ(slow, Duration::from_seconds(flops_per_image(scenario_.model.config, {1, 24}) * 1e-9));
  scenario_.run.compute = ComputeKind::measured;
  scenario_.devices[1].slowdown = 3;
  const auto measured = build_cost(scenario_, plan_, {1}).value();
  EXPECT_FALSE(measured->planned(work).has_value());
  EXPECT_EQ(measured->charged({{}, Duration::ms(2), {}}).compute, Duration::ms(6));
}

TEST_F(BuildNode, AProfileRunNeedsACostForEveryStage) {
  scenario_.devices[2].flop_per_s = 0;
  const auto cost = build_cost(scenario_, plan_, {2});
  EXPECT_EQ(cost.error().code, ExitCode::invalid_input);
  EXPECT_THAT(cost.error().message, HasSubstr("device b: its cost needs"));
  scenario_.devices[2].profile = "nowhere.yaml";
  EXPECT_THAT(build_cost(scenario_, plan_, {2}).error().message, HasSubstr("device b: "));
}

}  // namespace
}  // namespace millrace
