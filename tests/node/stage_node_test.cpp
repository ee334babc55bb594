#include "runtime/node/stage_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/node/recording_outbox.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Chooses one bit more with every microbatch and records its samples.
class CountingPolicy final : public QuantizationPolicy {
 public:
  explicit CountingPolicy(std::vector<LinkSample>& heard) : heard_(heard) {}
  std::string_view name() const override { return "counting"; }
  void observe(const LinkSample& sample) override { heard_.push_back(sample); }
  Budget choose(Time, const Outgoing& outgoing) override {
    return {2.0 + static_cast<double>(outgoing.microbatch.value)};
  }

 private:
  std::vector<LinkSample>& heard_;
};

class Stage : public testing::Test {
 protected:
  void arrive(Time now, std::uint64_t number) {
    ASSERT_TRUE(node_.on_message(now, kUpstream, microbatch(number), out_).ok());
  }
  void hear(Time now, const Feedback& feedback) {
    ASSERT_TRUE(node_.on_message(now, kDownstream, feedback, out_).ok());
  }
  void computed(Time now, WorkCost cost = {}) {
    ASSERT_TRUE(node_.on_computed(now, out_.jobs.back().first, outcome(200, cost), out_).ok());
  }
  // Arrives, is computed and encoded, all in one instant.
  void pass(Time now, std::uint64_t number) {
    arrive(now, number);
    computed(now);
    computed(now);
  }

  std::vector<LinkSample> heard_;
  StageNode node_{{.upstream = kUpstream, .downstream = kDownstream, .window = 2, .values_per_image = 100},
                  std::make_unique<CountingPolicy>(heard_)};
  RecordingOutbox out_;
};

TEST_F(Stage, BeginsAnArrivalAtOnceAndSaysSo) {
  arrive(at(1), 0);
  ASSERT_EQ(out_.jobs.size(), 1U);
  const auto& work = out_.jobs[0].second;
  EXPECT_EQ(work.kind, WorkKind::forward);
  EXPECT_EQ(work.images, 4U);
  EXPECT_EQ(work.input.size, Bytes(100));
  EXPECT_THAT(out_.feedback(), ElementsAre("ack 0 +1"));
}

TEST_F(Stage, AcknowledgesOnArrivalAndGrantsWhenTaken) {
  arrive(at(1), 0);
  arrive(at(2), 1);
  EXPECT_THAT(out_.feedback(), ElementsAre("ack 0 +1", "ack 1")) << "arrives while the first is computed";
  computed(at(3));
  computed(at(4));
  EXPECT_THAT(out_.feedback(), ElementsAre("ack 0 +1", "ack 1", "+1"));
}

TEST_F(Stage, ComputesThenEncodesThenSends) {
  arrive(at(1), 0);
  computed(at(3));
  ASSERT_EQ(out_.jobs.size(), 2U);
  EXPECT_EQ(out_.jobs[1].second.kind, WorkKind::encode);
  EXPECT_THAT(out_.activations(), IsEmpty());
  computed(at(4));
  EXPECT_THAT(out_.activations(), ElementsAre(0));
  EXPECT_EQ(out_.activation(0).payload.size, Bytes(200));
  EXPECT_EQ(out_.activation(0).values, 50U);
  EXPECT_EQ(out_.activation(0).created, Time::zero()) << "the source's stamp travels on";
}

TEST_F(Stage, AsksItsPolicyOncePerMicrobatchAndRecordsTheDecision) {
  pass(at(1), 0);
  pass(at(2), 1);
  EXPECT_EQ(out_.jobs[1].second.budget, Budget{2});
  EXPECT_EQ(out_.jobs[3].second.budget, Budget{3});
  const auto decisions = out_.records_of<DecisionRecord>();
  ASSERT_EQ(decisions.size(), 2U);
  EXPECT_EQ(decisions[1].policy, "counting");
  EXPECT_EQ(decisions[1].outgoing.microbatch, MicrobatchId{1});
  EXPECT_EQ(decisions[1].to, kDownstream);
  EXPECT_EQ(decisions[1].bits_per_value, 3);
  EXPECT_EQ(decisions[1].observed_mbit_per_s, 0) << "nothing acknowledged yet";
}

TEST_F(Stage, ADecisionShowsTheGoodputObservedLast) {
  pass(at(0), 0);
  hear(at(2), acknowledge(0, 1));  // 200 bytes in 2 ms
  pass(at(3), 1);
  EXPECT_DOUBLE_EQ(out_.records_of<DecisionRecord>()[1].observed_mbit_per_s, 0.8);
  ASSERT_EQ(heard_.size(), 1U);
  EXPECT_EQ(heard_[0].size, Bytes(200));
}

TEST_F(Stage, ADecisionShowsAllThePolicyWasTold) {
  for (std::uint64_t i = 0; i < 3; ++i) pass(at(1), i);  // two sent, one ready
  arrive(at(2), 3);
  arrive(at(3), 4);
  hear(at(4), acknowledge(0, 1));  // the third leaves
  computed(at(5), {{}, {}, {}});
  const auto decision = out_.records_of<DecisionRecord>().back();
  EXPECT_EQ(decision.outgoing, (Outgoing{.microbatch = {3},
                                         .images = 4,
                                         .values = 400,
                                         .encode = {},
                                         .waiting = 1,
                                         .sender = {.in_flight = 2,
                                                    .in_flight_size = Bytes(400),
                                                    .oldest_sent = at(1),
                                                    .ready = 0,
                                                    .ready_size = {}}}));
  EXPECT_EQ(decision.seen, heard_) << "the first decisions had no samples";
  computed(at(6), {{}, {}, Duration::ms(1)});
  computed(at(7));
  const auto next = out_.records_of<DecisionRecord>().back();
  EXPECT_EQ(next.outgoing.encode, Duration::ms(1));
  EXPECT_THAT(next.seen, IsEmpty()) << "nothing since the decision before";
}

TEST_F(Stage, FeedbackIsHeardWhileComputing) {
  pass(at(0), 0);
  arrive(at(1), 1);
  hear(at(2), acknowledge(0, 1));
  EXPECT_EQ(heard_.size(), 1U);
  EXPECT_EQ(out_.records_of<LinkSample>().size(), 1U);
  computed(at(3));
  computed(at(4));
  EXPECT_THAT(out_.activations(), ElementsAre(0, 1));
}

TEST_F(Stage, DoesNotBeginWithoutRoomForTheResult) {
  for (std::uint64_t i = 0; i < 4; ++i) pass(at(1), i);  // two sent, two ready
  out_.forget();
  arrive(at(2), 4);
  EXPECT_THAT(out_.jobs, IsEmpty());
  EXPECT_THAT(out_.feedback(), ElementsAre("ack 4")) << "no credit: it has not been taken";
  hear(at(6), acknowledge(0, 1));
  ASSERT_EQ(out_.jobs.size(), 1U);
  EXPECT_THAT(out_.feedback(), ElementsAre("ack 4", "+1"));
  computed(at(7));
  computed(at(7));
  hear(at(8), acknowledge(1, 1));
  hear(at(9), acknowledge(2, 1));
  const auto blocked = out_.records_of<StageRecord>().back();
  EXPECT_EQ(blocked.microbatch, MicrobatchId{4});
  EXPECT_EQ(blocked.arrived, at(2));
  EXPECT_EQ(blocked.started, at(6));
}

TEST_F(Stage, ARecordsInstantsAreThoseOfItsEvents) {
  arrive(at(1), 0);
  computed(at(3), {Duration::ms(1), Duration::ms(1), {}});
  computed(at(4), {{}, {}, Duration::ms(1)});
  const auto records = out_.records_of<StageRecord>();
  ASSERT_EQ(records.size(), 1U);
  const auto& record = records[0];
  EXPECT_EQ(record.arrived, at(1));
  EXPECT_EQ(record.started, at(1));
  EXPECT_EQ(record.computed, at(3));
  EXPECT_EQ(record.encoded, at(4));
  EXPECT_EQ(record.sent, at(4));
  EXPECT_EQ(record.cost.decode, Duration::ms(1));
  EXPECT_EQ(record.cost.compute, Duration::ms(1));
  EXPECT_EQ(record.cost.encode, Duration::ms(1));
  EXPECT_EQ(record.images, 4U);
  EXPECT_EQ(record.values, 50U);
  EXPECT_EQ(record.payload, Bytes(200));
}

TEST_F(Stage, ARecordComesWhenTheResultLeavesNotWhenItIsReady) {
  for (std::uint64_t i = 0; i < 3; ++i) pass(at(1), i);
  EXPECT_EQ(out_.records_of<StageRecord>().size(), 2U);
  hear(at(5), acknowledge(0, 1));
  ASSERT_EQ(out_.records_of<StageRecord>().size(), 3U);
  EXPECT_EQ(out_.records_of<StageRecord>()[2].encoded, at(1));
  EXPECT_EQ(out_.records_of<StageRecord>()[2].sent, at(5));
}

TEST_F(Stage, FeedbackFromElsewhereIsAnError) {
  EXPECT_THAT(node_.on_message(at(1), kUpstream, grant(1), out_).error().message,
              HasSubstr("feedback came from another node than the one after it"));
}

TEST_F(Stage, ActivationsFromElsewhereAreAnError) {
  EXPECT_FALSE(node_.on_message(at(1), kDownstream, microbatch(0), out_).ok());
}

TEST_F(Stage, IsNeverWoken) { EXPECT_FALSE(node_.on_timer(at(1), TimerId{0}, out_).ok()); }

TEST(LastStage, WithoutAPolicyTheBudgetIs32BitsAndNothingIsDecided) {
  StageNode node({.upstream = kUpstream, .downstream = kDownstream, .window = 1, .values_per_image = 0},
                 nullptr);
  RecordingOutbox out;
  ASSERT_TRUE(node.on_message(at(1), kUpstream, microbatch(0), out).ok());
  ASSERT_TRUE(node.on_computed(at(2), out.jobs.back().first, outcome(0), out).ok());
  EXPECT_EQ(out.jobs.back().second.budget, Budget{32});
  EXPECT_THAT(out.records, IsEmpty());
}

}  // namespace
}  // namespace millrace
