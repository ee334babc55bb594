// Real nodes, known costs, a constant link: every instant of the run computed by hand.
#include <gtest/gtest.h>

#include "runtime/wire/messages.hpp"
#include "sim/coordinator/coordinator.hpp"
#include "sim/coordinator/local_attachment.hpp"
#include "sim/net/fluid_network.hpp"
#include "tests/contract/byte_pipeline.hpp"
#include "tests/contract/recording_observer.hpp"

namespace millrace {
namespace {

// Sizes only: pixels of 931 bytes, activations of 431, logits of 431; frames add 69, packets 40.
class SizesOnly final : public Executor {
 public:
  Result<Outcome> run(const Work& work) override {
    Outcome outcome;
    if (work.kind == WorkKind::load) outcome.output.size = Bytes(931);
    if (work.kind == WorkKind::encode) outcome.output.size = Bytes(431);
    outcome.values = 100;
    return outcome;
  }
};

// Forward 3 ms in the first stage and 5 ms in the second, encoding 1 ms; the rest is free.
class HandCost final : public CostModel {
 public:
  explicit HandCost(NodeId node) : node_(node) {}
  std::optional<WorkCost> planned(const Work& work) const override {
    WorkCost cost;
    if (work.kind == WorkKind::forward) cost.compute = Duration::ms(node_.value == 1 ? 3 : 5);
    if (work.kind == WorkKind::encode) cost.encode = Duration::ms(1);
    return cost;
  }

 private:
  NodeId node_;
};

struct Played {
  Time end;
  RecordingObserver observer;
};

Played play(const Pipeline& pipeline) {
  const auto plan = pipeline.plan();
  NetworkSpec spec;
  for (std::uint32_t i = 0; i < pipeline.device_count(); ++i) spec.devices.push_back("d");
  for (std::uint32_t i = 0; i + 1 < pipeline.device_count(); ++i) {
    for (const auto& [from, to] : {std::pair(i, i + 1), std::pair(i + 1, i)})
      spec.links.push_back({{from}, {to}, BitRate::mbit(8), Duration::us(500)});  // 1 us per byte
  }
  spec.transport = Transport::raw;
  FluidNetwork network(spec);
  Peaks peaks;
  std::vector<std::unique_ptr<Attachment>> nodes;
  for (std::uint32_t i = 0; i < pipeline.nodes(); ++i) {
    auto parts = parts_of(pipeline, {i}, peaks);
    parts.executor = std::make_unique<SizesOnly>();
    parts.cost = std::make_unique<HandCost>(NodeId{i});
    nodes.push_back(std::make_unique<LocalAttachment>(std::move(parts), VirtualNode::Compute::inline_));
  }
  Played played;
  played.end =
      Coordinator({.plan = plan, .network = network, .observer = played.observer, .nodes = std::move(nodes)})
          .run()
          .value();
  return played;
}

Time us(std::int64_t n) { return Time::zero() + Duration::us(n); }

// There is a link between each two neighbours: pixels take 931 + 69 + 40 = 1040 us on the wire and
// 500 us of delay; activations 431 + 69 + 40 = 540 us and 500 us.
TEST(VirtualTime, IsExactThroughTwoStagesAndThreeLinks) {
  ASSERT_EQ(message_size(Activation{}), Bytes(69));
  const auto played = play({.images = 8, .window = 2});  // two microbatches
  const auto stages = played.observer.records_of<StageRecord>();
  ASSERT_EQ(stages.size(), 4U);
  // Microbatch 0: leaves at 0, arrives 1040 + 500; computed 3 ms, encoded 1 ms; 540 + 500 to stage 2.
  const auto& a0 = stages[0];
  EXPECT_EQ(a0.arrived, us(1540));
  EXPECT_EQ(a0.started, us(1540));
  EXPECT_EQ(a0.computed, us(4540));
  EXPECT_EQ(a0.encoded, us(5540));
  EXPECT_EQ(a0.sent, us(5540));
  // Microbatch 1 leaves at 0 as well, behind the first: 2080 + 500; starts when the first is encoded.
  const auto& a1 = stages[1];
  EXPECT_EQ(a1.microbatch, MicrobatchId{1});
  EXPECT_EQ(a1.arrived, us(2580));
  EXPECT_EQ(a1.started, us(5540));
  EXPECT_EQ(a1.sent, us(9540));
  // Stage 2: 5540 + 1040, then 5 + 1 ms.
  const auto& b0 = stages[2];
  EXPECT_EQ(b0.microbatch, MicrobatchId{0});
  EXPECT_EQ(b0.arrived, us(6580));
  EXPECT_EQ(b0.encoded, us(12'580));
  // 9540 + 1040 = 10,580: waits for the first until 12,580.
  const auto& b1 = stages[3];
  EXPECT_EQ(b1.arrived, us(10'580));
  EXPECT_EQ(b1.started, us(12'580));
  EXPECT_EQ(b1.sent, us(18'580));
  const auto completions = played.observer.records_of<CompletionRecord>();
  ASSERT_EQ(completions.size(), 2U);
  EXPECT_EQ(completions[0].completed, us(13'620));
  EXPECT_EQ(completions[1].completed, us(19'620));
  EXPECT_EQ(completions[0].created, us(0));
  EXPECT_EQ(completions[1].created, us(0));
  EXPECT_EQ(played.end, us(19'620));
}

// The receiver's answer, 42 + 40 = 82 us and 500 us of delay, is in the sample: the sender knows nothing
// more.
TEST(VirtualTime, ASampleEndsWhenTheAcknowledgementIsBack) {
  ASSERT_EQ(message_size(Feedback{MicrobatchId{0}, 1}), Bytes(42));
  const auto samples = play({.images = 4, .window = 2}).observer.records_of<LinkSample>();
  ASSERT_GE(samples.size(), 2U);
  EXPECT_EQ(samples[0].sent, us(0));
  EXPECT_EQ(samples[0].acknowledged, us(1540 + 582));
  EXPECT_EQ(samples[1].sent, us(5540));
  EXPECT_EQ(samples[1].acknowledged, us(6580 + 582));
}

// With a window of 1 the second microbatch leaves when the credit for the first is back.
TEST(VirtualTime, AWindowOf1CostsARoundTrip) {
  const auto played = play({.images = 8, .window = 1});
  const auto completions = played.observer.records_of<CompletionRecord>();
  EXPECT_EQ(completions[1].created, us(1540 + 582));
  EXPECT_EQ(played.observer.records_of<StageRecord>()[1].arrived, us(1540 + 582 + 1540));
}

TEST(VirtualTime, TwoRunsAreTheSameToTheLastByte) {
  const Pipeline pipeline{.images = 400, .window = 2};
  const auto first = play(pipeline);
  const auto second = play(pipeline);
  EXPECT_EQ(first.end, second.end);
  EXPECT_EQ(first.observer.log, second.observer.log);
  ASSERT_EQ(first.observer.transfers.size(), second.observer.transfers.size());
  for (std::size_t i = 0; i < first.observer.transfers.size(); ++i)
    EXPECT_EQ(first.observer.transfers[i].delivered, second.observer.transfers[i].delivered);
}

}  // namespace
}  // namespace millrace
