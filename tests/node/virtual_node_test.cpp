#include "runtime/node/virtual_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "runtime/node/cost.hpp"
#include "tests/node/parts.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AVirtualNode : public testing::Test {
 protected:
  using Compute = VirtualNode::Compute;
  AVirtualNode() : scripted_(std::make_unique<ScriptedNode>()), script_(*scripted_) {}

  void build(std::unique_ptr<CostModel> cost = std::make_unique<FlatCost>(Duration::ms(5)),
             std::function<Result<Outcome>(const Work&)> work = nothing_to_do,
             Compute compute = Compute::on_thread) {
    node_ = std::make_unique<VirtualNode>(
        VirtualNode::Parts{std::move(scripted_), std::make_unique<ScriptedExecutor>(std::move(work)),
                           std::move(cost)},
        compute);
  }
  // On every message the node begins a job.
  void compute_on_message() {
    script_.message = [](Time, const Message&, Outbox& out) {
      out.compute(JobId{7}, Work{});
      return Result<void>{};
    };
  }

  std::unique_ptr<ScriptedNode> scripted_;
  ScriptedNode& script_;
  std::unique_ptr<VirtualNode> node_;
};

TEST_F(AVirtualNode, PromisesNothingWhenItOnlyWaits) {
  build();
  EXPECT_EQ(node_->start()->promise, Time::never());
}

TEST_F(AVirtualNode, RefusesWorkThatEndsBeyondTheClock) {
  compute_on_message();
  build(std::make_unique<FlatCost>(Duration::s(9'000'000'000)));
  ASSERT_TRUE(node_->start().ok());
  const auto turn = node_->deliver(Time::zero() + Duration::s(300'000'000), NodeId{0}, Feedback{});
  EXPECT_THAT(turn.error().message, HasSubstr("beyond what the clock holds"));
}

TEST_F(AVirtualNode, PromisesTheEndOfItsWorkBeforeTheWorkIsDone) {
  compute_on_message();
  std::promise<void> gate;
  build(std::make_unique<FlatCost>(Duration::ms(5)), [&gate](const Work&) -> Result<Outcome> {
    gate.get_future().wait();
    return outcome(40);
  });
  Bytes seen;
  script_.computed = [&](Time now, JobId job, const Outcome& made, Outbox&) {
    EXPECT_EQ(now, at(8));
    EXPECT_EQ(job, JobId{7});
    EXPECT_EQ(made.measured.compute, Duration::ms(5))
        << "a node is told the charged cost, not the time taken";
    seen = made.output.size;
    return Result<void>{};
  };
  ASSERT_TRUE(node_->start().ok());
  EXPECT_EQ(node_->deliver(at(3), kUpstream, grant(1))->promise, at(8)) << "and the work has not even begun";
  gate.set_value();
  EXPECT_EQ(node_->wake(at(8))->promise, Time::never());
  EXPECT_EQ(seen, Bytes(40));
}

TEST_F(AVirtualNode, MeasuredCostIsAwaitedAndThenPromised) {
  for (const auto compute : {Compute::on_thread, Compute::inline_}) {
    auto scripted = std::make_unique<ScriptedNode>();
    scripted->message = [](Time, const Message&, Outbox& out) {
      out.compute(JobId{0}, Work{});
      return Result<void>{};
    };
    auto work = [](const Work&) -> Result<Outcome> {
      return outcome(1, {Duration::ms(1), Duration::ms(20), Duration::ms(3)});
    };
    VirtualNode node(
        {std::move(scripted), std::make_unique<ScriptedExecutor>(work), std::make_unique<MeasuredCost>(2)},
        compute);
    ASSERT_TRUE(node.start().ok());
    EXPECT_EQ(node.deliver(at(1), kUpstream, grant(1))->promise, at(49)) << "1 + 2·(1 + 20 + 3) ms";
  }
}

TEST_F(AVirtualNode, TwoNodesComputeAtTheSameTime) {
  MeetingPoint both(2);
  const auto meeting = [&both](const Work&) -> Result<Outcome> {
    if (!both.meet()) return Error{"the other had not begun"};
    return Outcome{};
  };
  std::vector<std::unique_ptr<VirtualNode>> nodes;
  for (int i = 0; i < 2; ++i) {
    auto scripted = std::make_unique<ScriptedNode>();
    scripted->start = [](Time, Outbox& out) {
      out.compute(JobId{0}, Work{});
      return Result<void>{};
    };
    nodes.push_back(std::make_unique<VirtualNode>(
        VirtualNode::Parts{std::move(scripted), std::make_unique<ScriptedExecutor>(meeting),
                           std::make_unique<FlatCost>(Duration::ms(5))},
        Compute::on_thread));
  }
  for (auto& node : nodes) EXPECT_EQ(node->start()->promise, at(5));
  for (auto& node : nodes) {
    const auto turn = node->wake(at(5));
    EXPECT_TRUE(turn.ok()) << (turn.ok() ? "" : turn.error().message);
  }
}

TEST_F(AVirtualNode, MessagesAreHandledWhileItComputes) {
  int heard = 0;
  script_.start = [](Time, Outbox& out) {
    out.compute(JobId{0}, Work{});
    return Result<void>{};
  };
  script_.message = [&heard](Time, const Message&, Outbox&) {
    ++heard;
    return Result<void>{};
  };
  build();
  ASSERT_TRUE(node_->start().ok());
  EXPECT_EQ(node_->deliver(at(2), kUpstream, grant(1))->promise, at(5));
  EXPECT_EQ(node_->deliver(at(5), kUpstream, grant(1))->promise, at(5)) << "up to the promise, included";
  EXPECT_EQ(heard, 2);
}

TEST_F(AVirtualNode, TimersOfOneInstantRunInTheOrderAskedForOnePerTurn) {
  script_.start = [](Time, Outbox& out) {
    for (const auto& [ms, id] : {std::pair(4, 2U), std::pair(3, 9U), std::pair(3, 1U), std::pair(3, 5U)})
      out.wake_at(at(ms), TimerId{id});
    return Result<void>{};
  };
  std::vector<std::uint64_t> rung;
  script_.timer = [&rung](Time, TimerId id, Outbox&) {
    rung.push_back(id.value);
    return Result<void>{};
  };
  build();
  Time promise = node_->start()->promise;
  while (promise != Time::never()) promise = node_->wake(promise)->promise;
  EXPECT_THAT(rung, ElementsAre(9, 1, 5, 2));
}

TEST_F(AVirtualNode, ATurnHoldsWhatTheNodeDidInOrder) {
  script_.start = [](Time, Outbox& out) {
    out.send(kUpstream, grant(1));
    out.send(kDownstream, microbatch(0));
    out.record(LinkSample{});
    out.finish();
    return Result<void>{};
  };
  build();
  const auto turn = node_->start();
  ASSERT_EQ(turn->sends.size(), 2U);
  EXPECT_EQ(turn->sends[0].to, kUpstream);
  EXPECT_EQ(turn->sends[1].to, kDownstream);
  EXPECT_EQ(turn->records.size(), 1U);
  EXPECT_TRUE(turn->finished);
}

TEST_F(AVirtualNode, WokenAtAnotherInstantThanPromisedIsAnError) {
  script_.start = [](Time, Outbox& out) {
    out.wake_at(at(3), TimerId{0});
    return Result<void>{};
  };
  build();
  ASSERT_TRUE(node_->start().ok());
  EXPECT_THAT(node_->wake(at(2)).error().message, HasSubstr("woken at 2000000 ns, but promised nothing"));
  EXPECT_FALSE(node_->wake(at(4)).ok());
  EXPECT_TRUE(node_->wake(at(3)).ok());
  EXPECT_FALSE(node_->wake(at(3)).ok());
}

TEST_F(AVirtualNode, EventsOutOfOrderAreErrorsNotTheEndOfTheProcess) {
  script_.start = [](Time, Outbox& out) {
    out.wake_at(at(5), TimerId{0});
    return Result<void>{};
  };
  build();
  EXPECT_FALSE(node_->deliver(at(1), kUpstream, grant(1)).ok()) << "before it was started";
  ASSERT_TRUE(node_->start().ok());
  EXPECT_FALSE(node_->start().ok()) << "started twice";
  ASSERT_TRUE(node_->deliver(at(4), kUpstream, grant(1)).ok());
  EXPECT_FALSE(node_->deliver(at(3), kUpstream, grant(1)).ok()) << "before its last event";
  EXPECT_FALSE(node_->deliver(at(6), kUpstream, grant(1)).ok()) << "after its promise";
}

TEST_F(AVirtualNode, AnErrorOfTheNodeIsTheTurns) {
  script_.message = [](Time, const Message&, Outbox&) { return Result<void>(Error{"out of tune"}); };
  build();
  ASSERT_TRUE(node_->start().ok());
  EXPECT_EQ(node_->deliver(at(1), kUpstream, grant(1)).error().message, "out of tune");
}

TEST_F(AVirtualNode, AnExceptionOfTheNodeBecomesAnError) {
  script_.message = [](Time, const Message&, Outbox&) -> Result<void> { throw std::runtime_error("boom"); };
  build();
  ASSERT_TRUE(node_->start().ok());
  EXPECT_EQ(node_->deliver(at(1), kUpstream, grant(1)).error().message, "a node's reaction: boom");
}

TEST_F(AVirtualNode, AnExecutorsErrorComesWhenItsResultIsDue) {
  compute_on_message();
  build(std::make_unique<FlatCost>(Duration::ms(5)),
        [](const Work&) -> Result<Outcome> { return Error{"no weights"}; });
  ASSERT_TRUE(node_->start().ok());
  EXPECT_TRUE(node_->deliver(at(1), kUpstream, grant(1)).ok());
  EXPECT_EQ(node_->wake(at(6)).error().message, "no weights");
}

TEST_F(AVirtualNode, AnExecutorsExceptionBecomesAnErrorThatNamesTheMicrobatch) {
  for (const auto compute : {Compute::on_thread, Compute::inline_}) {
    auto scripted = std::make_unique<ScriptedNode>();
    scripted->start = [](Time, Outbox& out) {
      out.compute(JobId{0}, work_of(3));
      return Result<void>{};
    };
    const auto throwing = [](const Work&) -> Result<Outcome> { throw std::runtime_error("shapes differ"); };
    VirtualNode node({std::move(scripted), std::make_unique<ScriptedExecutor>(throwing),
                      std::make_unique<MeasuredCost>(1)},
                     compute);
    EXPECT_EQ(node.start().error().message, "computing microbatch 3: shapes differ");
  }
}

TEST_F(AVirtualNode, WithdrawnInTheMiddleOfItsWorkItWaitsForItsExecutor) {
  script_.start = [](Time, Outbox& out) {
    out.compute(JobId{0}, Work{});
    return Result<void>{};
  };
  std::atomic<bool> done = false;
  std::promise<void> begun;
  build(std::make_unique<FlatCost>(Duration::ms(5)), [&](const Work&) -> Result<Outcome> {
    begun.set_value();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    done = true;
    return Outcome{};
  });
  ASSERT_TRUE(node_->start().ok());
  begun.get_future().wait();
  node_.reset();
  EXPECT_TRUE(done);
}

TEST_F(AVirtualNode, TwoJobsInOneEventAreOurMistake) {
  script_.start = [](Time, Outbox& out) {
    out.compute(JobId{0}, Work{});
    out.compute(JobId{1}, Work{});
    return Result<void>{};
  };
  build(std::make_unique<FlatCost>(Duration::ms(5)), nothing_to_do, Compute::inline_);
  EXPECT_DEATH((void)node_->start(), "two jobs");
}

TEST_F(AVirtualNode, DoesNothingWhileItsDeviceHangsAndThenAllThatIsDueInItsOrder) {
  std::vector<std::uint64_t> woken;
  script_.start = [](Time, Outbox& out) {
    out.wake_at(at(9), TimerId{9});
    out.wake_at(at(3), TimerId{3});
    out.wake_at(at(20), TimerId{20});
    return Result<void>{};
  };
  script_.timer = [&](Time, TimerId timer, Outbox&) {
    woken.push_back(timer.value);
    return Result<void>{};
  };
  build();
  ASSERT_EQ(node_->start()->promise, at(3));
  EXPECT_EQ(node_->hang(at(2), at(10))->promise, at(10));
  EXPECT_FALSE(node_->wake(at(3)).ok());
  EXPECT_EQ(node_->wake(at(10))->promise, at(10));
  EXPECT_EQ(node_->wake(at(10))->promise, at(20));
  EXPECT_THAT(woken, ElementsAre(3, 9));
}

}  // namespace
}  // namespace millrace
