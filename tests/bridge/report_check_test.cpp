#include "sim/bridge/report_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "tests/contract/byte_pipeline.hpp"
#include "tests/support/agents.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
constexpr NodeId kSource{0}, kStage{1}, kLastStage{2}, kSink{3};

// 22 images in microbatches of 4: the last has 2. Nothing is later than 10 s.
class AReportCheck : public testing::Test {
 protected:
  StageRecord staged(std::uint64_t microbatch) const {
    StageRecord record;
    record.microbatch = {microbatch};
    record.images = microbatch == 5 ? 2 : 4;
    record.arrived = at(microbatch, 1), record.started = at(microbatch, 2);
    record.computed = at(microbatch, 3), record.encoded = record.sent = at(microbatch, 4);
    record.cost = {Duration::ns(1), Duration::ns(2), Duration::ns(1)};
    record.bit_width = 8, record.values = 9, record.payload = Bytes(9);
    return record;
  }
  CompletionRecord completed(std::uint64_t microbatch) const {
    CompletionRecord record;
    record.microbatch = {microbatch};
    record.images = microbatch == 5 ? 2 : 4;
    record.created = at(microbatch, 1), record.completed = at(microbatch, 4);
    for (std::uint32_t i = 0; i < record.images; ++i)
      record.outputs.push_back({4 * microbatch + i, 1, 2, std::string(64, 'a'), 3});
    return record;
  }
  LinkSample sampled(std::uint64_t microbatch) const {
    return {.to = kLastStage,
            .microbatch = {microbatch},
            .sent = at(microbatch, 2),
            .acknowledged = at(microbatch, 3),
            .size = Bytes(100),
            .values = 100,
            .images = microbatch == 5 ? 2U : 4U};
  }
  DecisionRecord decided(std::uint64_t microbatch) const {
    DecisionRecord record{.to = kLastStage, .policy = "p", .bits_per_value = 4, .outgoing = {}, .seen = {}};
    record.outgoing.microbatch = {microbatch};
    record.outgoing.images = microbatch == 5 ? 2 : 4;
    return record;
  }
  static Time at(std::uint64_t microbatch, int ms) {
    return Time::zero() + Duration::ms(static_cast<std::int64_t>(microbatch) * 10 + ms);
  }
  std::string fault(NodeId node, std::vector<Record> records, bool finished = false) {
    const auto taken = check_->take({node, now_, Time::zero() + Duration::s(10), records, finished});
    return taken ? "" : taken.error().message;
  }
  // Every change of a sound record is refused, by a fresh check.
  template <class Kind>
  void expect_refused(NodeId node, const Kind& sound, std::vector<std::function<void(Kind&)>> changes) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      check_.emplace(scenario_, plan_);
      auto changed = sound;
      changes[i](changed);
      EXPECT_THAT(fault(node, {changed}), HasSubstr("is refused: ")) << "change " << i;
    }
    check_.emplace(scenario_, plan_);
    EXPECT_EQ(fault(node, {sound}), "");
  }

  Scenario scenario_ = ring_scenario(3);
  Plan plan_ = Pipeline{.devices = {0, 1, 2, 0}}.plan();
  std::optional<ReportCheck> check_{std::in_place, scenario_, plan_};
  Time now_ = Time::zero() + Duration::s(9);
};

TEST_F(AReportCheck, TakesARunAsHonestAgentsReportIt) {
  for (std::uint64_t m = 0; m < 6; ++m) {
    EXPECT_EQ(fault(kStage, {decided(m)}), "");
    EXPECT_EQ(fault(kStage, {staged(m), sampled(m)}), "");
    EXPECT_EQ(fault(kSink, {completed(m)}, m == 5), "");
  }
}

TEST_F(AReportCheck, RefusesStagesWithInstantsCostsOrSizesThatCannotBe) {
  expect_refused<StageRecord>(
      kStage, staged(0),
      {[](auto& r) { r.microbatch = {6}; }, [](auto& r) { r.microbatch = {~std::uint64_t{0}}; },
       [](auto& r) { r.microbatch = {1}; }, [](auto& r) { r.images = 3; }, [](auto& r) { r.images = 0; },
       [](auto& r) { r.arrived = Time::at_ns(-1); }, [](auto& r) { r.arrived = r.sent + Duration::ns(1); },
       [](auto& r) { r.sent = Time::at_ns(kHuge); }, [this](auto& r) { r.sent = now_ + Duration::ns(1); },
       [](auto& r) { r.cost.compute = Duration::ns(kHuge); },
       [](auto& r) { r.cost.decode = Duration::ns(-1); }, [](auto& r) { r.cost.encode = Duration::s(11); },
       [](auto& r) { r.payload = Bytes(kHuge); }, [](auto& r) { r.payload = Bytes(-1); },
       [](auto& r) { r.values = ~std::uint64_t{0}; }, [](auto& r) { r.bit_width = std::nan(""); },
       [](auto& r) { r.bit_width = -1; },
       [](auto& r) { r.bit_width = std::numeric_limits<double>::infinity(); }});
}

TEST_F(AReportCheck, RefusesResultsThatAreNotThoseOfTheMicrobatch) {
  expect_refused<CompletionRecord>(
      kSink, completed(0),
      {[](auto& r) { r.microbatch = {6}; }, [](auto& r) { r.images = 5; }, [](auto& r) { r.outputs = {}; },
       [](auto& r) { r.outputs.emplace_back(); }, [](auto& r) { r.outputs[1].image = 0; },
       [](auto& r) { r.outputs[1].logits_sha256 = "1"; }, [](auto& r) { r.outputs[0].predicted = 1U << 31; },
       [](auto& r) { r.created = r.completed + Duration::ns(1); },
       [](auto& r) { r.created = Time::at_ns(-1); }, [](auto& r) { r.created = Time::at_ns(kHuge); },
       [](auto& r) { r.completed = Time::at_ns(kHuge); },
       [this](auto& r) { r.completed = now_ + Duration::ns(1); }});
}

TEST_F(AReportCheck, ClocksOfSourceAndSinkMayDifferByAsMuchAsIsSaid) {
  auto early = completed(0);
  early.created = early.completed + Duration::ms(5);
  check_->clocks(Duration::ms(5));
  EXPECT_EQ(fault(kSink, {early}), "");
  auto later = completed(1);
  later.created = later.completed + Duration::ms(6);
  EXPECT_THAT(fault(kSink, {later}), HasSubstr("microbatch 1 was created at"));
}

TEST_F(AReportCheck, RefusesLinksThatAreNotTheNodesOwnOrCannotBe) {
  expect_refused<LinkSample>(
      kStage, sampled(0),
      {[](auto& r) { r.to = kSource; }, [](auto& r) { r.to = {9}; }, [](auto& r) { r.microbatch = {7}; },
       [](auto& r) { r.images = 1; }, [](auto& r) { r.sent = r.acknowledged + Duration::ns(1); },
       [](auto& r) { r.acknowledged = Time::at_ns(kHuge); }, [](auto& r) { r.size = Bytes(kHuge); },
       [](auto& r) { r.values = ~std::uint64_t{0}; }});
  EXPECT_THAT(fault(kSink, {sampled(0)}), HasSubstr("to which it sends nothing"));
}

TEST_F(AReportCheck, RefusesDecisionsWhoseNumbersCannotBe) {
  expect_refused<DecisionRecord>(
      kStage, decided(0),
      {[](auto& r) { r.to = kSource; }, [](auto& r) { r.bits_per_value = std::nan(""); },
       [](auto& r) { r.bits_per_value = 1e9; }, [](auto& r) { r.observed_mbit_per_s = -1; },
       [](auto& r) { r.observed_mbit_per_s = std::numeric_limits<double>::infinity(); },
       [](auto& r) { r.outgoing.values = ~std::uint64_t{0}; }, [](auto& r) { r.outgoing.images = 1; },
       [](auto& r) { r.outgoing.encode = Duration::ns(kHuge); },
       [](auto& r) { r.outgoing.sender.oldest_sent = Time::at_ns(kHuge); },
       [](auto& r) { r.outgoing.sender.ready_size = Bytes(kHuge); },
       [](auto& r) { r.outgoing.sender.in_flight_size = Bytes(kHuge); },
       [this](auto& r) {
         r.seen = {sampled(0)};
         r.seen[0].size = Bytes(kHuge);
       }});
}

TEST_F(AReportCheck, EachMicrobatchIsReportedOnceAndByWhomItIs) {
  EXPECT_EQ(fault(kStage, {staged(0)}), "");
  EXPECT_THAT(fault(kStage, {staged(0)}), HasSubstr("microbatch 0 where 1 was to come"));
  EXPECT_EQ(fault(kSink, {completed(0)}), "");
  EXPECT_THAT(fault(kSink, {completed(0)}), HasSubstr("microbatch 0 where 1 was to come"));
  EXPECT_THAT(fault(kSource, {staged(0)}), HasSubstr("it is not a stage"));
  EXPECT_THAT(fault(kStage, {completed(0)}), HasSubstr("it is not the sink"));
  EXPECT_THAT(fault({4}, {staged(0)}), HasSubstr("a node that does not exist"));
}

TEST_F(AReportCheck, AllWorkOfANodeFitsIntoTheTimeThatHasPassed) {
  auto first = staged(0), second = staged(1);
  first.cost.compute = second.cost.compute = Duration::s(6);
  EXPECT_EQ(fault(kStage, {first}), "");
  EXPECT_THAT(fault(kStage, {second}), HasSubstr("more work than there was time for"));
}

TEST_F(AReportCheck, ClocksDoNotGoBackAndAreNotAhead) {
  EXPECT_EQ(fault(kStage, {staged(0)}), "");
  now_ = Time::zero() + Duration::s(8);
  EXPECT_THAT(fault(kStage, {staged(1)}), HasSubstr("it is 8.000 s by its clock, where it was 9.000 s"));
  now_ = Time::zero() + Duration::s(11);
  EXPECT_THAT(fault(kSink, {completed(0)}), HasSubstr("cannot be later than 10.000 s"));
}

TEST_F(AReportCheck, TheSinkHasFinishedWhenEveryMicrobatchIsThere) {
  EXPECT_THAT(fault(kSink, {completed(0)}, true), HasSubstr("it has finished, after 1 of 6 microbatches"));
}

TEST_F(AReportCheck, RefusesMessagesOnTheirWayThatBelongToNoMicrobatch) {
  Activation sound{
      .microbatch = {5}, .first_image = 20, .images = 2, .created = at(5, 1), .values = 7, .payload = {}};
  const auto latest = Time::zero() + Duration::s(10);
  EXPECT_TRUE(check_->check({kSource, kStage, sound}, latest).ok());
  for (const auto& change : std::vector<std::function<void(Activation&)>>{
           [](auto& a) { a.microbatch = {6}; }, [](auto& a) { a.images = 4; },
           [](auto& a) { a.first_image = 0; }, [](auto& a) { a.created = Time::at_ns(kHuge); },
           [](auto& a) { a.created = Time::at_ns(-1); }, [](auto& a) { a.values = ~std::uint64_t{0}; }}) {
    auto changed = sound;
    change(changed);
    EXPECT_THAT(check_->check({kSource, kStage, changed}, latest).error().message,
                HasSubstr("what it says of source is refused"));
  }
  EXPECT_TRUE(check_->check({kStage, kSource, Feedback{MicrobatchId{5}, 1}}, latest).ok());
  EXPECT_FALSE(check_->check({kStage, kSource, Feedback{MicrobatchId{6}, 1}}, latest).ok());
}

// A record of 4 images with all their hashes is far below the limit; millions of empty outputs are far above.
TEST_F(AReportCheck, TheLargestReportIsAsLargeAsTheRunNeeds) {
  const auto honest = to_frame(Report{kSink, now_, {completed(0)}, false}).meta.size();
  EXPECT_LT(honest, check_->largest());
  DecisionRecord full = decided(0);
  full.seen.assign(DecisionRecord::kMaxSeen, sampled(0));
  EXPECT_LT(to_frame(Report{kStage, now_, {full}, false}).meta.size(), check_->largest());
  CompletionRecord hollow = completed(0);
  hollow.outputs.assign(1'000'000, {});
  EXPECT_GT(to_frame(Report{kSink, now_, {hollow}, false}).meta.size(), check_->largest());
}

}  // namespace
}  // namespace millrace
