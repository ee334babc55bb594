// The bridge once all agents are there: turns in virtual time, reports in deploy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/coordinator/coordinator.hpp"
#include "sim/net/fluid_network.hpp"
#include "tests/bridge/host.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

class Seats : public Host {
 protected:
  void attach() {
    listen();
    speaker_ = only_agent();
    seats_ = bridge_->attachments();
    ASSERT_TRUE(seats_[1]->begin({Event::Kind::start, {}, {}, Feedback{}}).ok());
    ASSERT_TRUE(speaker_.hears(FrameType::event));
  }
  std::string fault_of_turn() {
    const auto turn = seats_[1]->end();
    return turn.ok() ? "none" : turn.error().message;
  }
  void TearDown() override {
    seats_.clear();
    Host::TearDown();
  }

  Speaker speaker_;
  std::vector<std::unique_ptr<Attachment>> seats_;
};

TEST_F(Seats, ATurnIsItsSendsInOrder) {
  attach();
  speaker_.say(to_frame(FrameType::send, NodeMessage{{1}, {2}, Feedback{{}, 1}}));
  speaker_.say(to_frame(FrameType::send, NodeMessage{{1}, {0}, Feedback{{}, 2}}));
  speaker_.say(to_frame(NodeTurn{{1}, {{}, {}, Time::at_ns(5), false}}));
  const auto turn = seats_[1]->end();
  ASSERT_TRUE(turn.ok()) << turn.error().message;
  ASSERT_EQ(turn->sends.size(), 2U);
  EXPECT_EQ(turn->sends[0].to, NodeId{2});
  EXPECT_EQ(turn->sends[1].to, NodeId{0});
  EXPECT_EQ(turn->promise, Time::at_ns(5));
}

TEST_F(Seats, AnswersOfOtherNodesWaitForTheirTurn) {
  attach();
  ASSERT_TRUE(seats_[2]->begin({Event::Kind::start, {}, {}, Feedback{}}).ok());
  speaker_.say(to_frame(NodeTurn{{2}, {{}, {}, Time::at_ns(2), false}}));
  speaker_.say(to_frame(NodeTurn{{1}, {{}, {}, Time::at_ns(1), false}}));
  EXPECT_EQ(seats_[1]->end()->promise, Time::at_ns(1));
  EXPECT_EQ(seats_[2]->end()->promise, Time::at_ns(2));
}

TEST_F(Seats, AMessageToANodeThatIsNoNeighbourIsAnError) {
  for (const std::uint32_t to : {1U, 3U, 4U, 0xffffffffU}) {
    attach();
    speaker_.say(to_frame(FrameType::send, NodeMessage{{1}, {to}, Feedback{}}));
    EXPECT_THAT(fault_of_turn(), HasSubstr("which is no neighbour")) << to;
    TearDown();
    speakers_.clear();
  }
}

TEST_F(Seats, SpeakingForANodeThatDoesNotExistIsAnError) {
  attach();
  speaker_.say(to_frame(NodeTurn{{4}, {}}));
  EXPECT_THAT(fault_of_turn(), HasSubstr("spoke for a node that it does not have"));
}

TEST_F(Seats, AFrameThatIsNoAnswerIsAnError) {
  attach();
  speaker_.say(to_frame(Ready{}));
  EXPECT_THAT(fault_of_turn(), HasSubstr("a malformed turn frame was refused"));
}

TEST_F(Seats, AnAgentDyingInTheMiddleOfARunIsLostAndNamed) {
  attach();
  speaker_.channel->close();
  const auto turn = seats_[1]->end();
  EXPECT_EQ(turn.error().code, ExitCode::peer_lost);
  EXPECT_THAT(turn.error().message, HasSubstr("agent of d0, d1, d2 (127.0.0.1:"));
}

TEST_F(Seats, ARefusalInTheMiddleOfARunKeepsItsExitCode) {
  attach();
  speaker_.say(to_frame(Error{"the disk is gone", ExitCode::invalid_input}));
  const auto turn = seats_[1]->end();
  EXPECT_EQ(turn.error().code, ExitCode::invalid_input);
  EXPECT_THAT(turn.error().message, HasSubstr("the disk is gone"));
}

TEST_F(Seats, WhoSpeaksForAnothersNodeIsRefused) {
  listen();
  gather();
  const auto first = agent({"d0", "d2"});
  const auto second = agent({"d1"});
  first.say(to_frame(Ready{}));
  second.say(to_frame(Ready{}));
  ASSERT_TRUE(gathered_.get().ok());
  seats_ = bridge_->attachments();
  second.say(to_frame(NodeTurn{{2}, {}}));
  EXPECT_THAT(fault_of_turn(), HasSubstr("agent of d1"));
}

class Deployed : public Host {
 protected:
  void begin() {
    listen("20 s", Mode::deploy);
    speaker_ = only_agent();
    run_ = std::async(std::launch::async, [this] { return bridge_->run(observer_); });
    const auto peers = parse_peers(*speaker_.hear());
    ASSERT_EQ(peers->endpoints.size(), 4U);
    EXPECT_EQ(peers->endpoints[2].address, "127.0.0.1");
    EXPECT_EQ(peers->endpoints[2].port, 4711);
    speaker_.say(to_frame(Ready{}));
    ASSERT_TRUE(speaker_.hears(FrameType::start));
  }
  void TearDown() override {
    for (const auto& speaker : speakers_) speaker.channel->close();
    if (run_.valid()) run_.wait();
    Host::TearDown();
  }
  static Report last_word() {
    CompletionRecord completion;
    completion.completed = Time::at_ns(77);
    return {{3}, Time::at_ns(80), {completion}, true};
  }

  // What an agent does that is told to stop.
  void end_well() {
    ASSERT_TRUE(speaker_.hears(FrameType::stop));
    speaker_.say(to_frame(Farewell{"figures"}));
  }

  Speaker speaker_;
  std::future<Result<Time>> run_;
};

TEST_F(Deployed, EndsWhenTheSinkHasEverything) {
  begin();
  speaker_.say(to_frame(last_word()));
  end_well();
  const auto end = run_.get();
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_EQ(*end, Time::at_ns(77)) << "when the last microbatch was complete";
  EXPECT_EQ(observer_.records_of<CompletionRecord>().size(), 1U);
}

TEST_F(Deployed, TakesWhatIsReportedRightAfterTheSinksLastWord) {
  begin();
  speaker_.say(to_frame(last_word()));
  speaker_.say(to_frame(Report{{2}, Time::at_ns(81), {LinkSample{}}, false}));
  ASSERT_TRUE(speaker_.hears(FrameType::stop));
  speaker_.say(to_frame(Report{{2}, Time::at_ns(82), {LinkSample{}}, false}));
  speaker_.say(to_frame(Farewell{"figures"}));
  ASSERT_TRUE(run_.get().ok());
  EXPECT_EQ(observer_.records_of<LinkSample>().size(), 2U);
}

TEST_F(Deployed, TroubleAfterTheSinksLastWordIsAnErrorWithAllResults) {
  begin();
  speaker_.say(to_frame(last_word()));
  speaker_.say(to_frame(Error{"late trouble"}));
  EXPECT_THAT(run_.get().error().message, HasSubstr("late trouble"));
  EXPECT_EQ(observer_.records_of<CompletionRecord>().size(), 1U);
}

TEST_F(Deployed, AnAgentThatIsLostBeforeItsFarewellIsNamed) {
  begin();
  speaker_.say(to_frame(last_word()));
  ASSERT_TRUE(speaker_.hears(FrameType::stop));
  speaker_.channel->close();
  const auto end = run_.get();
  EXPECT_EQ(end.error().code, ExitCode::peer_lost);
  EXPECT_THAT(end.error().message, HasSubstr("agent of d0, d1, d2"));
}

TEST_F(Deployed, OnlyTheSinkEndsTheRun) {
  begin();
  speaker_.say(to_frame(Report{{2}, Time::at_ns(5), {}, true}));
  speaker_.say(to_frame(last_word()));
  end_well();
  const auto end = run_.get();
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_EQ(*end, Time::at_ns(77));
}

TEST_F(Deployed, ARefusalEndsTheRunWithItsReason) {
  begin();
  speaker_.say(to_frame(Error{"node 1 lost node 2", ExitCode::peer_lost}));
  const auto end = run_.get();
  EXPECT_EQ(end.error().code, ExitCode::peer_lost);
  EXPECT_THAT(end.error().message, HasSubstr("node 1 lost node 2"));
}

TEST_F(Deployed, AnInterruptionEndsTheRun) {
  observer_.interrupt_after = 1;
  begin();
  EXPECT_THAT(run_.get().error().message, HasSubstr("interrupted"));
}

}  // namespace
}  // namespace millrace
