#include "runtime/node/source_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/node/recording_outbox.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Source : public testing::Test {
 protected:
  void begin(std::uint64_t images, ArrivalKind arrivals = ArrivalKind::closed_loop, double images_per_s = 0,
             std::uint64_t seed = 1) {
    out_.forget();
    node_ = std::make_unique<SourceNode>(SourceConfig{.downstream = kDownstream,
                                                      .window = 2,
                                                      .images = images,
                                                      .microbatch = 4,
                                                      .arrivals = arrivals,
                                                      .images_per_s = images_per_s,
                                                      .seed = seed});
    ASSERT_TRUE(node_->on_start(Time::zero(), out_).ok());
  }
  // Completes the loading requested last.
  void loaded(Time now) {
    const auto [job, work] = out_.jobs.back();
    ASSERT_TRUE(node_->on_computed(now, job, outcome(100), out_).ok());
  }
  void tick() {
    const auto [when, timer] = out_.timers.back();
    ASSERT_TRUE(node_->on_timer(when, timer, out_).ok());
  }
  Result<void> hear(Time now, Message message, NodeId from = kDownstream) {
    return node_->on_message(now, from, std::move(message), out_);
  }

  std::unique_ptr<SourceNode> node_;
  RecordingOutbox out_;
};

TEST_F(Source, ClosedLoopLoadsAheadUntilItsWindowIsFull) {
  begin(100);
  for (std::int64_t i = 0; i < 4; ++i) loaded(at(i));
  EXPECT_THAT(out_.activations(), ElementsAre(0, 1));
  EXPECT_EQ(out_.jobs.size(), 4U) << "two sent, two ready";
  ASSERT_TRUE(hear(at(9), acknowledge(0, 1)).ok());
  EXPECT_THAT(out_.activations(), ElementsAre(0, 1, 2));
  EXPECT_EQ(out_.jobs.size(), 5U);
}

TEST_F(Source, LoadsOneMicrobatchAtATime) {
  begin(100);
  EXPECT_EQ(out_.jobs.size(), 1U);
  ASSERT_TRUE(node_->on_computed(at(1), out_.jobs.back().first, outcome(100), out_).ok());
  EXPECT_EQ(out_.jobs.size(), 2U);
}

TEST_F(Source, ClosedLoopCreatesAMicrobatchWhenItLeaves) {
  begin(100);
  for (std::int64_t i = 0; i < 4; ++i) loaded(at(i));
  ASSERT_TRUE(hear(at(9), acknowledge(0, 1)).ok());
  EXPECT_EQ(out_.activation(1).created, at(1));
  EXPECT_EQ(out_.activation(2).created, at(9)) << "loaded at 2 ms, credit at 9 ms";
}

TEST_F(Source, TheLastMicrobatchHoldsWhatIsLeft) {
  begin(10);
  for (std::int64_t i = 0; i < 3; ++i) loaded(at(i));
  ASSERT_TRUE(hear(at(9), acknowledge(0, 1)).ok());
  EXPECT_EQ(out_.jobs.size(), 3U) << "nothing is loaded beyond the end";
  EXPECT_EQ(out_.jobs[2].second.kind, WorkKind::load);
  EXPECT_EQ(out_.jobs[2].second.images, 2U);
  EXPECT_EQ(out_.activation(2).first_image, 8U);
  EXPECT_EQ(out_.activation(2).images, 2U);
}

TEST_F(Source, AMultipleOfTheMicrobatchLeavesNoEmptyOne) {
  begin(8);
  loaded(at(0));
  loaded(at(1));
  EXPECT_EQ(out_.jobs.size(), 2U);
  EXPECT_EQ(out_.activation(1).images, 4U);
}

TEST_F(Source, RateArrivesAtExactMultiples) {
  begin(12, ArrivalKind::rate, 8);  // 4 images each: one per 0.5 s
  tick();
  tick();
  tick();
  ASSERT_EQ(out_.timers.size(), 3U) << "none after the last";
  EXPECT_EQ(out_.timers[0].first, at(0));
  EXPECT_EQ(out_.timers[1].first, at(500));
  EXPECT_EQ(out_.timers[2].first, at(1000));
}

TEST_F(Source, RatesDoNotDrift) {
  begin(4000, ArrivalKind::rate, 3);  // 4/3 s each
  for (int i = 0; i < 999; ++i) tick();
  EXPECT_EQ(out_.timers[999].first.count_ns(), 1'332'000'000'000) << "999 · 4/3 s";
}

TEST_F(Source, OpenLoopCreatesAtArrivalWhetherOrNotThereIsCredit) {
  begin(100, ArrivalKind::rate, 8);
  tick();  // 0 s
  loaded(at(0));
  for (int i = 0; i < 3; ++i) {  // 0.5 … 1.5 s; loading takes no time
    tick();
    loaded(out_.timers[out_.timers.size() - 2].first);
  }
  EXPECT_THAT(out_.activations(), ElementsAre(0, 1));
  ASSERT_TRUE(hear(at(7000), acknowledge(0, 1)).ok());
  EXPECT_EQ(out_.activation(2).created, at(1000));
}

TEST_F(Source, PoissonIsTheSeedsAndItsMeanIsTheRates) {
  begin(40'000, ArrivalKind::poisson, 8, 5);
  for (int i = 0; i < 9999; ++i) tick();
  const auto first = out_.timers;
  // 10,000 exponential gaps of mean 0.5 s: the sum deviates by 4 sigma = 4·0.5·100 s once in 16,000 seeds.
  EXPECT_NEAR(first.back().first.seconds(), 5000, 200);
  begin(40'000, ArrivalKind::poisson, 8, 5);
  for (int i = 0; i < 9999; ++i) tick();
  EXPECT_EQ(out_.timers, first);
  begin(40'000, ArrivalKind::poisson, 8, 6);
  EXPECT_NE(out_.timers[0], first[0]);
}

TEST_F(Source, AHopelessBacklogIsAnError) {
  begin(40'000'000, ArrivalKind::rate, 8);
  Result<void> ticked;
  std::uint64_t ticks = 0;
  for (; ticked && ticks < 2'000'000; ++ticks) ticked = node_->on_timer(at(0), TimerId{ticks}, out_);
  ASSERT_FALSE(ticked.ok());
  EXPECT_THAT(ticked.error().message, HasSubstr("1000000 microbatches wait"));
  EXPECT_EQ(ticks, 1'000'002U) << "one is being loaded, a million wait, the next is refused";
}

TEST_F(Source, OnlyTheSuccessorsFeedbackIsTaken) {
  begin(100);
  EXPECT_FALSE(hear(at(1), acknowledge(0), kUpstream).ok());
  EXPECT_THAT(hear(at(1), microbatch(0)).error().message,
              HasSubstr("source: what came is not the feedback of the node after it"));
}

TEST_F(Source, LoadsNothingBeforeItsFirstArrival) {
  begin(100, ArrivalKind::poisson, 8);
  EXPECT_THAT(out_.jobs, IsEmpty());
  tick();
  EXPECT_EQ(out_.jobs.size(), 1U);
}

// A source whose epochs change: closed loop, a window of 2, microbatches of 4 images.
class ReplayingSource : public Source {
 protected:
  void begin_with(std::size_t most_unconfirmed) {
    node_ = std::make_unique<SourceNode>(SourceConfig{.downstream = kDownstream,
                                                      .window = 2,
                                                      .images = 100,
                                                      .microbatch = 4,
                                                      .replays = true,
                                                      .most_unconfirmed = most_unconfirmed});
    ASSERT_TRUE(node_->on_start(Time::zero(), out_).ok());
  }
  void SetUp() override {
    begin_with(100);
    for (std::int64_t i = 0; i < 4; ++i) loaded(at(i));  // 0 and 1 have left at 0 and 1 ms, 2 and 3 are ready
  }
  void epoch(Time now, std::optional<MicrobatchId> first) {
    ASSERT_TRUE(node_->on_epoch(now, {.upstream = {9}, .downstream = kUpstream, .first = first}, out_).ok());
  }
};

TEST_F(ReplayingSource, WaitsForTheNodesOfANewEpochThenSendsAgainWhatIsUnconfirmed) {
  out_.forget();
  epoch(at(10), {});
  EXPECT_TRUE(out_.jobs.empty());
  epoch(at(20), MicrobatchId{1});
  loaded(at(21));
  loaded(at(22));
  EXPECT_THAT(out_.activations(), ElementsAre(1, 2));
  EXPECT_EQ(out_.sent[0].first, kUpstream);
  EXPECT_EQ(out_.activation(0).created, at(1)) << "it is as old as it was";
  EXPECT_EQ(out_.activation(1).created, at(22)) << "it had not left";
  EXPECT_FALSE(hear(at(23), acknowledge(1, 1), kDownstream).ok()) << "of the epoch before";
  EXPECT_TRUE(hear(at(23), acknowledge(1, 1), kUpstream).ok());
}

TEST_F(ReplayingSource, DropsWhatItLoadedForAnEpochThatHasEnded) {
  ASSERT_TRUE(hear(at(5), acknowledge(0, 1)).ok());  // 2 leaves, 4 is being loaded
  out_.forget();
  epoch(at(6), MicrobatchId{0});
  EXPECT_TRUE(out_.jobs.empty()) << "one piece of work at a time";
  ASSERT_TRUE(node_->on_computed(at(7), {4}, outcome(100), out_).ok());
  ASSERT_EQ(out_.jobs.size(), 1U);
  EXPECT_EQ(out_.jobs[0].second.microbatch, MicrobatchId{0});
  EXPECT_TRUE(out_.activations().empty());
}

TEST_F(ReplayingSource, ForgetsWhatIsConfirmedButSendsAnEpochWithoutGaps) {
  EXPECT_EQ(node_->unconfirmed(), 4U);
  epoch(at(10), MicrobatchId{0});
  ASSERT_TRUE(node_->on_confirmed(at(11), {2}, out_).ok());
  loaded(at(12));
  loaded(at(13));
  EXPECT_THAT(out_.activations(), ElementsAre(0, 1, 0, 1)) << "a stage of the epoch expects 1 after 0";
  ASSERT_TRUE(node_->on_confirmed(at(14), {2}, out_).ok());
  EXPECT_EQ(node_->unconfirmed(), 2U);
}

TEST_F(ReplayingSource, WaitsForTheSinkWhenItRemembersAsMuchAsItMay) {
  out_.forget();
  begin_with(3);
  for (std::int64_t i = 0; i < 3; ++i) loaded(at(i));
  EXPECT_EQ(out_.jobs.size(), 3U);
  ASSERT_TRUE(node_->on_confirmed(at(5), {1}, out_).ok());
  EXPECT_EQ(out_.jobs.size(), 4U);
  EXPECT_EQ(node_->unconfirmed(), 3U);
}

TEST_F(ReplayingSource, RefusesAnEpochThatItCannotRepeat) {
  ASSERT_TRUE(node_->on_confirmed(at(5), {2}, out_).ok());
  EXPECT_FALSE(
      node_->on_epoch(at(6), {.upstream = {9}, .downstream = {1}, .first = MicrobatchId{1}}, out_).ok());
  EXPECT_FALSE(
      node_->on_epoch(at(6), {.upstream = {9}, .downstream = {1}, .first = MicrobatchId{9}}, out_).ok());
  EXPECT_FALSE(node_->on_confirmed(at(6), {9}, out_).ok());
}

}  // namespace
}  // namespace millrace
