// The contract of every driver of nodes, tested with the same node objects. A test program instantiates this:
// INSTANTIATE_TEST_SUITE_P(…, DriverContract, testing::Values(…)).
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

#include "tests/contract/byte_pipeline.hpp"
#include "tests/contract/recording_observer.hpp"

namespace millrace {

struct DriverUnderTest {
  std::string name;
  // Runs the pipeline to its end.
  std::function<Result<Time>(const Pipeline&, Peaks&, RunObserver&)> play;
};
inline void PrintTo(const DriverUnderTest& driver, std::ostream* out) { *out << driver.name; }
inline std::string driver_name(const testing::TestParamInfo<DriverUnderTest>& info) {
  return info.param.name;
}

class DriverContract : public testing::TestWithParam<DriverUnderTest> {
 protected:
  // Every image's result, in order, exactly once, and nothing ever beyond the window.
  void expect_played(const Pipeline& pipeline) {
    const auto end = GetParam().play(pipeline, peaks_, observer_);
    ASSERT_TRUE(end.ok()) << end.error().message;
    const auto completions = observer_.records_of<CompletionRecord>();
    ASSERT_EQ(completions.size(), pipeline.microbatches());
    const auto expected = expected_outputs(pipeline);
    std::size_t image = 0;
    for (std::size_t m = 0; m < completions.size(); ++m) {
      EXPECT_EQ(completions[m].microbatch, MicrobatchId{m});
      for (const auto& output : completions[m].outputs) {
        ASSERT_LT(image, expected.size());
        EXPECT_EQ(output.image, expected[image].image);
        EXPECT_EQ(output.logits_sha256, expected[image].logits_sha256) << "of image " << output.image;
        ++image;
      }
    }
    EXPECT_EQ(image, pipeline.images);
    EXPECT_EQ(*end, completions.back().completed);
    EXPECT_LE(peaks_.unanswered, pipeline.window);
    EXPECT_LE(peaks_.waiting, pipeline.window);
    EXPECT_GE(peaks_.unanswered, 1);
  }

  Peaks peaks_;
  RecordingObserver observer_;
};

TEST_P(DriverContract, DeliversEveryImagesBytesInOrderExactlyOnce) { expect_played({}); }

TEST_P(DriverContract, OneStageIsAPipeline) { expect_played({.devices = {0, 1, 2}}); }

TEST_P(DriverContract, ThreeStagesAreAPipeline) { expect_played({.devices = {0, 1, 2, 3, 4}}); }

TEST_P(DriverContract, AWindowOf1LetsOneBeOnItsWay) { expect_played({.window = 1}); }

TEST_P(DriverContract, AWindowOf4IsNeverExceeded) { expect_played({.images = 90, .window = 4}); }

TEST_P(DriverContract, SourceAndSinkMayShareADevice) { expect_played({.devices = {0, 1, 2, 0}}); }

TEST_P(DriverContract, OneDeviceMayDoEverything) { expect_played({.devices = {0, 0, 0, 0}}); }

TEST_P(DriverContract, NeighbouringStagesMayShareADevice) { expect_played({.devices = {0, 1, 1, 0}}); }

TEST_P(DriverContract, OneMicrobatchSmallerThanAllIsARun) { expect_played({.images = 3}); }

TEST_P(DriverContract, OneMicrobatchExactlyIsARun) { expect_played({.images = 4}); }

TEST_P(DriverContract, EveryStageRecordsEveryMicrobatchWithInstantsInOrder) {
  const Pipeline pipeline;
  ASSERT_TRUE(GetParam().play(pipeline, peaks_, observer_).ok());
  std::map<NodeId, std::uint64_t> next;
  for (const auto& [now, node, record] : observer_.records) {
    const auto* stage = std::get_if<StageRecord>(&record);
    if (stage == nullptr) continue;
    EXPECT_EQ(stage->microbatch, MicrobatchId{next[node]++});
    EXPECT_LE(stage->arrived, stage->started);
    EXPECT_LE(stage->started, stage->computed);
    EXPECT_LE(stage->computed, stage->encoded);
    EXPECT_LE(stage->encoded, stage->sent);
    EXPECT_LE(stage->sent, now);
  }
  EXPECT_EQ(next, (std::map<NodeId, std::uint64_t>{{{1}, 6}, {{2}, 6}}));
}

TEST_P(DriverContract, SamplesHaveBothInstantsOnTheSendersClock) {
  ASSERT_TRUE(GetParam().play({}, peaks_, observer_).ok());
  const auto samples = observer_.records_of<LinkSample>();
  EXPECT_GE(samples.size(), 15U) << "6 from each of three senders; the last of each may come too late";
  for (const auto& sample : samples) EXPECT_LE(sample.sent, sample.acknowledged);
}

TEST_P(DriverContract, AStagesErrorEndsTheRunWithItsText) {
  const auto end = GetParam().play({.failure = "the oven is cold"}, peaks_, observer_);
  ASSERT_FALSE(end.ok());
  EXPECT_THAT(end.error().message, testing::HasSubstr("the oven is cold"));
  EXPECT_LE(observer_.records_of<CompletionRecord>().size(), 3U);
}

}  // namespace millrace
