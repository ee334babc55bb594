// The emulator with nodes and a clock of the test's own: every instant is exact, nothing sleeps.
#include "sim/coordinator/emulator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/net/fluid_network.hpp"
#include "tests/contract/recording_observer.hpp"

namespace millrace {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }

// Nodes that send given words at given instants. Waiting advances the clock to the next word or by the
// patience, and by `oversleep` more, as on a busy machine.
class ScriptedNodes final : public WallNodes {
 public:
  explicit ScriptedNodes(Time& clock) : clock_(clock) {}

  void start() override { started = true; }
  void deliver(NodeMessage message) override { delivered.emplace_back(clock_, message.to.value); }
  Result<std::optional<Word>> next(Duration patience) override {
    const bool comes = !words.empty() && words.front().first <= clock_ + patience;
    const Time until = comes ? std::max(clock_, words.front().first) : clock_ + patience;
    clock_ = until + (patience > Duration{} ? oversleep : Duration{});
    if (!comes) return std::optional<Word>{};
    auto word = std::move(words.front().second);
    words.pop_front();
    return std::optional<Word>(std::move(word));
  }

  // The emulator hears of it `transit` after it was sent.
  void sends(Time at, std::uint32_t from, std::uint32_t to, Duration transit = {}) {
    words.emplace_back(at + transit, NodeMessage{{from}, {to}, Feedback{}, at});
  }
  void reports(Time at, std::uint32_t node, std::vector<Record> records, bool finished = false) {
    words.emplace_back(at, Report{{node}, at, std::move(records), finished});
  }

  std::deque<std::pair<Time, Word>> words;
  std::vector<std::pair<Time, std::uint32_t>> delivered;
  Duration oversleep;
  bool started = false;

 private:
  Time& clock_;
};

class PlannedCost final : public CostModel {
 public:
  std::optional<WorkCost> planned(const Work& work) const override {
    if (work.kind == WorkKind::forward)
      return WorkCost{.decode = {}, .compute = Duration::ms(7), .encode = {}};
    return WorkCost{.decode = {}, .compute = {}, .encode = Duration::ms(1)};
  }
};

// Source and sink on one device, one stage on another; 8 Mbit/s and 5 ms each way.
class AnEmulator : public testing::Test {
 protected:
  AnEmulator() {
    spec_.devices = {"camera", "board"};
    spec_.transport = Transport::raw;
    for (std::uint32_t i = 0; i < 2; ++i)
      spec_.links.push_back({DeviceId{i}, DeviceId{1 - i}, BitRate::mbit(8), Duration::ms(5)});
  }
  Result<Time> run(Duration limit = Duration::ms(20)) {
    audit_.emplace(limit, [this] { return clock_; });
    meter_.emplace(spec_, Duration::s(1));
    const auto network = make_fluid_network(spec_, {.meter = &*meter_, .audit = &*audit_}).value();
    std::vector<std::unique_ptr<CostModel>> costs;
    for (int i = 0; i < 3; ++i) costs.push_back(std::make_unique<PlannedCost>());
    Emulator emulator({.plan = plan_,
                       .spec = spec_,
                       .network = *network,
                       .audit = *audit_,
                       .meter = *meter_,
                       .observer = observer_,
                       .nodes = nodes_,
                       .costs = std::move(costs),
                       .timeout = Duration::s(10)});
    return emulator.run();
  }
  StageRecord work(Duration compute) const {
    StageRecord record;
    record.images = 1;
    record.cost.compute = compute;
    return record;
  }

  // A feedback message's time on the wire, to its last bit.
  static Duration wire() { return Duration::us((message_size(Feedback{}).count() + 40)); }

  Plan plan_{{0}, {0}, {{{1}, {1, 48}}}};
  NetworkSpec spec_;
  Time clock_;
  ScriptedNodes nodes_{clock_};
  RecordingObserver observer_;
  std::optional<LatenessAudit> audit_;
  std::optional<LinkMeter> meter_;
};

TEST_F(AnEmulator, AMessageIsHandedOverTheNanosecondAfterTheNetworkHasIt) {
  nodes_.sends(ms(3), 0, 1);
  CompletionRecord completion;
  completion.completed = ms(39);
  nodes_.reports(ms(40), 2, {completion}, true);
  const auto end = run();
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_TRUE(nodes_.started);
  EXPECT_EQ(*end, ms(39));
  const Time there = ms(8) + wire();
  ASSERT_EQ(observer_.transfers.size(), 1U);
  EXPECT_EQ(observer_.transfers[0].submitted, ms(3));
  EXPECT_EQ(observer_.transfers[0].delivered, there);
  ASSERT_EQ(nodes_.delivered.size(), 1U);
  // An event exactly at a pull's limit is run by the next one.
  EXPECT_GE(nodes_.delivered[0].first, there);
  EXPECT_LE(nodes_.delivered[0].first, there + Duration::ns(1));
}

TEST_F(AnEmulator, WhatWasHeardLateLeavesWhenItWasSentIfTheNetworkIsNotFurther) {
  nodes_.sends(ms(3), 0, 1, Duration::ms(2));
  nodes_.reports(ms(40), 2, {}, true);
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(audit_->of(Lateness::send).max(), Duration::ms(2));
  EXPECT_GE(observer_.transfers.at(0).submitted, ms(3));
  EXPECT_LE(observer_.transfers.at(0).submitted, ms(5));
}

TEST_F(AnEmulator, BetweenNodesOfOneDeviceNothingCrossesTheNetwork) {
  plan_.stages[0].device = {0};
  nodes_.sends(ms(3), 0, 1);
  nodes_.reports(ms(4), 2, {}, true);
  ASSERT_TRUE(run().ok());
  EXPECT_TRUE(observer_.transfers.empty());
  EXPECT_EQ(nodes_.delivered, (std::vector<std::pair<Time, std::uint32_t>>{{ms(3), 1}}));
}

TEST_F(AnEmulator, AMachineThatOversleepsFailsWithTheLinkAndExitCode4) {
  nodes_.oversleep = Duration::ms(30);
  nodes_.sends(ms(0), 0, 1);
  nodes_.reports(ms(500), 2, {}, true);
  const auto end = run();
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, ExitCode::fidelity);
  EXPECT_THAT(end.error().message,
              AllOf(HasSubstr("link camera -> board could not be kept up with"),
                    HasSubstr("run.lateness_limit is 20 ms"), HasSubstr("something else occupies")));
}

TEST_F(AnEmulator, TheSameOversleepingWithinTheLimitIsCountedAndNoFailure) {
  nodes_.oversleep = Duration::ms(30);
  nodes_.sends(ms(0), 0, 1);
  nodes_.reports(ms(500), 2, {}, true);
  ASSERT_TRUE(run(Duration::ms(100)).ok());
  EXPECT_GE(audit_->of(Lateness::delivery).max(), Duration::ms(20));
  EXPECT_EQ(audit_->of(Lateness::delivery).count(), 1U);
}

TEST_F(AnEmulator, ALateMessageOfANodeFails) {
  nodes_.sends(ms(3), 1, 0, Duration::ms(21));
  nodes_.reports(ms(500), 2, {}, true);
  const auto end = run();
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, ExitCode::fidelity);
  EXPECT_THAT(end.error().message,
              AllOf(HasSubstr("link board -> camera"), HasSubstr("reached the network 21.000 ms late")));
}

TEST_F(AnEmulator, WorkThatOutlastsItsProfileFails) {
  nodes_.reports(ms(30), 1, {work(Duration::ms(28))});
  nodes_.reports(ms(60), 1, {work(Duration::ms(29))});
  nodes_.reports(ms(90), 2, {}, true);
  const auto end = run();
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, ExitCode::fidelity);
  EXPECT_THAT(end.error().message,
              AllOf(HasSubstr("at 0.060 s stage 1"), HasSubstr("what takes 8.000 ms by its profile was"),
                    HasSubstr("21.000 ms late"), HasSubstr("too slow or too busy")));
  EXPECT_EQ(audit_->of(Lateness::compute).count(), 2U);
}

TEST_F(AnEmulator, NothingMovingWithSomethingUnderWayIsATimeOut) {
  spec_.links[0].rate = std::make_shared<const RateTrace>(
      RateTrace::make({{{}, BitRate(0)}}, Duration::s(1), TraceEnd::hold).value());
  nodes_.sends(ms(1), 0, 1);
  const auto end = run();
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, ExitCode::timeout);
  EXPECT_THAT(end.error().message, HasSubstr("nothing has moved for 10.0 s: "));
  EXPECT_THAT(end.error().message, HasSubstr(" from source to stage 1, under way since "));
}

TEST_F(AnEmulator, MessagesToStrangersAndWithoutAnInstantEndTheRun) {
  nodes_.sends(ms(1), 0, 2);
  EXPECT_THAT(run().error().message, HasSubstr("source sent a message to a node that is not a neighbour"));
  nodes_.words.emplace_back(ms(1), NodeMessage{{0}, {1}, Feedback{}});
  EXPECT_THAT(run().error().message, HasSubstr("does not say when"));
}

TEST_F(AnEmulator, AnInterruptionEndsIt) {
  observer_.interrupt_after = 3;
  EXPECT_THAT(run().error().message, HasSubstr("interrupted"));
}

}  // namespace
}  // namespace millrace
