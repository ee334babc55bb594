#include "runtime/net/lockstep_driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/loopback.hpp"
#include "tests/node/parts.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

// The driver's answers go to the server's end; the test hands over the events.
class ALockstepDriver : public Loopback {
 protected:
  void build(std::function<Result<void>(Time, Outbox&)> start,
             std::function<Result<Outcome>(const Work&)> work = nothing_to_do) {
    connect();
    server_->open_up();
    auto node = std::make_unique<ScriptedNode>();
    node->start = std::move(start);
    std::map<NodeId, VirtualNode::Parts> parts;
    parts.emplace(NodeId{1},
                  VirtualNode::Parts{std::move(node), std::make_unique<ScriptedExecutor>(std::move(work)),
                                     std::make_unique<FlatCost>(Duration::ms(5))});
    driver_ = std::make_unique<LockstepDriver>(*client_, std::move(parts));
  }
  Result<void> hand_over(std::uint32_t node, Event::Kind kind, Time now = {}) {
    return driver_->on_frame(to_frame(NodeEvent{{node}, {kind, now, {0}, Feedback{}}}));
  }
  void TearDown() override { driver_.reset(); }

  std::unique_ptr<LockstepDriver> driver_;
};

TEST_F(ALockstepDriver, AnswersWithTheSendsAndThenTheTurn) {
  build([](Time, Outbox& out) {
    out.send({2}, microbatch(0, 4, 0));
    out.send({0}, grant(1));
    out.wake_at(at(3), TimerId{0});
    return Result<void>{};
  });
  ASSERT_TRUE(hand_over(1, Event::Kind::start).ok());
  const auto first = at_server();
  EXPECT_EQ(first->type, FrameType::send);
  EXPECT_EQ(parse_message(*first)->to, NodeId{2});
  EXPECT_EQ(parse_message(*at_server())->to, NodeId{0});
  const auto turn = parse_turn(*at_server());
  EXPECT_EQ(turn->node, NodeId{1});
  EXPECT_EQ(turn->turn.promise, at(3));
}

TEST_F(ALockstepDriver, ASecondEventBeforeTheAnswerIsAnError) {
  MeetingPoint gate(2);
  build([&gate](Time, Outbox&) {
    gate.meet();
    return Result<void>{};
  });
  ASSERT_TRUE(hand_over(1, Event::Kind::start).ok());
  EXPECT_THAT(hand_over(1, Event::Kind::message).error().message, HasSubstr("before its last turn was over"));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // by now the driver works on the first
  EXPECT_FALSE(hand_over(1, Event::Kind::message).ok());
  gate.meet();
  EXPECT_EQ(at_server()->type, FrameType::turn);
  EXPECT_TRUE(hand_over(1, Event::Kind::message).ok()) << "after the answer the next event may come";
}

TEST_F(ALockstepDriver, AnEventForANodeThatIsElsewhereIsAnError) {
  build([](Time, Outbox&) { return Result<void>{}; });
  EXPECT_THAT(hand_over(2, Event::Kind::start).error().message, HasSubstr("node 2, which is not here"));
}

TEST_F(ALockstepDriver, OtherFramesAreErrors) {
  build([](Time, Outbox&) { return Result<void>{}; });
  EXPECT_FALSE(driver_->on_frame(to_frame(FrameType::start)).ok());
}

TEST_F(ALockstepDriver, ANodesErrorBecomesARefusal) {
  build([](Time, Outbox&) { return Result<void>(Error{"no weights", ExitCode::invalid_input}); });
  ASSERT_TRUE(hand_over(1, Event::Kind::start).ok());
  const auto frame = at_server();
  ASSERT_EQ(frame->type, FrameType::refusal);
  EXPECT_EQ(parse_refusal(*frame).message, "no weights");
  EXPECT_EQ(parse_refusal(*frame).code, ExitCode::invalid_input);
}

TEST_F(ALockstepDriver, TheTurnComesBeforeTheWorkIsDone) {
  MeetingPoint gate(2);
  build(
      [](Time, Outbox& out) {
        out.compute(JobId{0}, Work{});
        return Result<void>{};
      },
      [&gate](const Work&) -> Result<Outcome> {
        gate.meet();
        return Outcome{};
      });
  ASSERT_TRUE(hand_over(1, Event::Kind::start).ok());
  EXPECT_EQ(parse_turn(*at_server())->turn.promise, at(5));
  EXPECT_TRUE(gate.meet());
  ASSERT_TRUE(hand_over(1, Event::Kind::wake, at(5)).ok());
  EXPECT_EQ(parse_turn(*at_server())->turn.promise, Time::never());
}

}  // namespace
}  // namespace millrace
