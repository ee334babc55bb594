#include "runtime/node/sink_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/node/recording_outbox.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;

class SinkOf2 : public testing::Test {
 protected:
  Result<void> arrive(Time now, std::uint64_t number) {
    auto activation = microbatch(number);
    activation.created = at(1);
    return node_.on_message(now, kUpstream, activation, out_);
  }
  void scored(Time now) {
    Outcome outcome;
    outcome.outputs = {{8, 3U, {}, "hash"}};
    ASSERT_TRUE(node_.on_computed(now, out_.jobs.back().first, outcome, out_).ok());
  }

  SinkNode node_{{.upstream = kUpstream, .window = 2, .microbatches = 2}};
  RecordingOutbox out_;
};

TEST_F(SinkOf2, CompletesAtArrivalWhateverScoringTakes) {
  ASSERT_TRUE(arrive(at(5), 0).ok());
  scored(at(9));
  const auto completions = out_.records_of<CompletionRecord>();
  ASSERT_EQ(completions.size(), 1U);
  EXPECT_EQ(completions[0].completed, at(5));
  EXPECT_EQ(completions[0].created, at(1));
  EXPECT_EQ(completions[0].images, 4U);
  ASSERT_EQ(completions[0].outputs.size(), 1U);
  EXPECT_EQ(completions[0].outputs[0].logits_sha256, "hash");
}

TEST_F(SinkOf2, FinishesOnTheLastAndNotBefore) {
  ASSERT_TRUE(arrive(at(5), 0).ok());
  ASSERT_TRUE(arrive(at(6), 1).ok());
  EXPECT_FALSE(out_.finished);
  scored(at(6));
  EXPECT_FALSE(out_.finished);
  scored(at(7));
  EXPECT_TRUE(out_.finished);
  EXPECT_EQ(out_.records_of<CompletionRecord>().size(), 2U) << "the last record comes with the end";
}

TEST_F(SinkOf2, ScoresOneAtATimeAndGrantsAsItTakes) {
  ASSERT_TRUE(arrive(at(5), 0).ok());
  ASSERT_TRUE(arrive(at(6), 1).ok());
  EXPECT_EQ(out_.jobs.size(), 1U);
  EXPECT_THAT(out_.feedback(), ElementsAre("ack 0 +1", "ack 1"));
  scored(at(7));
  EXPECT_EQ(out_.jobs.size(), 2U);
  EXPECT_EQ(out_.jobs[1].second.kind, WorkKind::score);
  EXPECT_THAT(out_.feedback(), ElementsAre("ack 0 +1", "ack 1", "+1"));
}

TEST_F(SinkOf2, TakesNoFeedbackAndIsNeverWoken) {
  EXPECT_FALSE(node_.on_message(at(1), kUpstream, grant(1), out_).ok());
  EXPECT_FALSE(node_.on_timer(at(1), TimerId{0}, out_).ok());
}

TEST_F(SinkOf2, WhatComesTwiceIsAnError) {
  ASSERT_TRUE(arrive(at(1), 0).ok());
  EXPECT_FALSE(arrive(at(2), 0).ok());
}

// The epoch's nodes: the sink is now node 5, after node 4.
class SinkInANewEpoch : public SinkOf2 {
 protected:
  void SetUp() override {
    ASSERT_TRUE(arrive(at(5), 0).ok());
    ASSERT_TRUE(node_.on_epoch(at(6), {.upstream = {4}, .downstream = {1}}, out_).ok());
  }
  Result<void> again(Time now, std::uint64_t number) {
    return node_.on_message(now, {4}, microbatch(number), out_);
  }
};

TEST_F(SinkInANewEpoch, RecordsWhatItScoresAndTakesItNoSecondTime) {
  ASSERT_TRUE(again(at(8), 0).ok());
  EXPECT_EQ(out_.jobs.size(), 1U) << "microbatch 0 is still being scored";
  scored(at(9));
  EXPECT_EQ(out_.records_of<CompletionRecord>().size(), 1U);
  EXPECT_EQ(out_.jobs.size(), 1U) << "it came again and is dropped";
  EXPECT_EQ(out_.feedback().back(), "+1") << "its room is granted";
  ASSERT_TRUE(again(at(10), 1).ok());
  scored(at(11));
  EXPECT_TRUE(out_.finished);
  EXPECT_EQ(out_.records_of<CompletionRecord>().size(), 2U);
}

TEST_F(SinkInANewEpoch, RefusesAGap) {
  scored(at(7));
  node_ = SinkNode({.upstream = {4}, .window = 2, .microbatches = 3});
  ASSERT_TRUE(node_.on_epoch(at(8), {.upstream = {4}, .downstream = {1}}, out_).ok());
  const auto refused = again(at(9), 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "microbatch 1 came to the sink, which has not had microbatch 0");
}

TEST_F(SinkInANewEpoch, ForgetsWhatWaited) {
  ASSERT_TRUE(again(at(7), 0).ok());
  ASSERT_TRUE(node_.on_epoch(at(8), {.upstream = {3}, .downstream = {1}}, out_).ok());
  scored(at(9));
  EXPECT_EQ(out_.jobs.size(), 1U) << "what waited is not taken any more";
  EXPECT_FALSE(again(at(10), 1).ok()) << "node 4 is of the epoch before";
}

}  // namespace
}  // namespace millrace
