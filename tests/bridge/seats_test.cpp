// The bridge after all agents have joined: turns in virtual time, reports in deploy.
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
  void attach(const std::string& timeout = "20 s") {
    listen(timeout);
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
    EXPECT_THAT(fault_of_turn(), HasSubstr("to a node that is not a neighbour")) << to;
    TearDown();
    speakers_.clear();
  }
}

// The agent sends heartbeats only: its stage computes for ever.
TEST_F(Seats, ATurnThatDoesNotEndIsATimeOut) {
  attach("1 s");
  speaker_.channel->keep_alive(Duration::ms(100));
  const auto turn = seats_[1]->end();
  ASSERT_FALSE(turn.ok());
  EXPECT_EQ(turn.error().code, ExitCode::timeout);
  EXPECT_THAT(turn.error().message, HasSubstr("stage 1 has not ended its turn for 1.0 s"));
  EXPECT_THAT(turn.error().message, HasSubstr("give a larger run.timeout"));
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
  void begin(const std::string& timeout = "20 s") {
    listen(timeout, Mode::deploy);
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
  // All six microbatches of the ring's 22 images.
  static Report last_word() {
    Report report{{3}, Time::at_ns(80), {}, true};
    for (std::uint64_t m = 0; m < 6; ++m) {
      CompletionRecord completion;
      completion.microbatch = {m};
      completion.images = m == 5 ? 2 : 4;
      completion.completed = Time::at_ns(72 + static_cast<std::int64_t>(m));
      for (std::uint32_t i = 0; i < completion.images; ++i)
        completion.outputs.push_back({4 * m + i, {}, {}, {}});
      report.records.emplace_back(completion);
    }
    return report;
  }
  static LinkSample sample(std::uint64_t microbatch) {
    LinkSample sample;
    sample.to = {3};
    sample.microbatch = {microbatch};
    sample.images = 4;
    return sample;
  }

  // A record of node 1 or 2: a microbatch that the node has sent on.
  static StageRecord staged(std::uint64_t microbatch) {
    StageRecord record;
    record.microbatch = {microbatch};
    record.images = 4;
    record.bit_width = 8;
    record.values = 9;
    record.payload = Bytes(9);
    return record;
  }
  static LinkSample acknowledged(std::uint64_t microbatch, NodeId to) {
    LinkSample one = sample(microbatch);
    one.to = to;
    return one;
  }
  // The host's error for a run with only these reports.
  std::string standstill(const std::vector<Report>& reports) {
    begin("1 s");
    speaker_.channel->keep_alive(Duration::ms(100));
    for (const auto& report : reports) speaker_.say(to_frame(report));
    const auto end = run_.get();
    if (end.ok()) return "it ended well";
    EXPECT_EQ(end.error().code, ExitCode::timeout);
    return end.error().message;
  }

  // The agent's part of an orderly end, when it is told to stop.
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
  EXPECT_EQ(observer_.records_of<CompletionRecord>().size(), 6U);
}

TEST_F(Deployed, TakesWhatIsReportedRightAfterTheSinksLastWord) {
  begin();
  speaker_.say(to_frame(last_word()));
  speaker_.say(to_frame(Report{{2}, Time::at_ns(81), {sample(0)}, false}));
  ASSERT_TRUE(speaker_.hears(FrameType::stop));
  speaker_.say(to_frame(Report{{2}, Time::at_ns(82), {sample(1)}, false}));
  speaker_.say(to_frame(Farewell{"figures"}));
  ASSERT_TRUE(run_.get().ok());
  EXPECT_EQ(observer_.records_of<LinkSample>().size(), 2U);
}

TEST_F(Deployed, TroubleAfterTheSinksLastWordIsAnErrorWithAllResults) {
  begin();
  speaker_.say(to_frame(last_word()));
  speaker_.say(to_frame(Error{"late trouble"}));
  EXPECT_THAT(run_.get().error().message, HasSubstr("late trouble"));
  EXPECT_EQ(observer_.records_of<CompletionRecord>().size(), 6U);
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

TEST_F(Deployed, AFailureWhileAgentsEndTheirPartIsToldToThem) {
  begin();
  speaker_.say(to_frame(last_word()));
  ASSERT_TRUE(speaker_.hears(FrameType::stop));
  speaker_.say(to_frame(Report{{2}, Time::at_ns(5), {}, false}));
  const auto end = run_.get();
  ASSERT_FALSE(end.ok());
  bridge_->stop(end.error());
  EXPECT_THAT(speaker_.refusal(), HasSubstr("it sent a report of nothing"));
}

TEST_F(Deployed, WhatCannotBeIsRefusedWithTheAgentsName) {
  begin();
  auto report = last_word();
  std::get<CompletionRecord>(report.records[3]).completed = Time::at_ns(1LL << 59);
  speaker_.say(to_frame(report));
  const auto end = run_.get();
  EXPECT_EQ(end.error().code, ExitCode::run_failed);
  EXPECT_THAT(end.error().message, testing::MatchesRegex("agent of d0, d1, d2 .*: what it says of sink is "
                                                         "refused: microbatch 3 was complete before.*"));
}

TEST_F(Deployed, ReportsOfNothingDoNotKeepTheRunAlive) {
  begin();
  speaker_.say(to_frame(Report{{2}, Time::at_ns(5), {}, false}));
  EXPECT_THAT(run_.get().error().message, HasSubstr("it sent a report of nothing"));
}

TEST_F(Deployed, AFloodOfLogLinesHoldsNothingUp) {
  begin();
  for (int i = 0; i < 3000; ++i) speaker_.say(to_frame(LogLine{LogLevel::warning, "flood"}));
  speaker_.say(to_frame(last_word()));
  end_well();
  ASSERT_TRUE(run_.get().ok());
  bridge_->stop();
  EXPECT_THAT(log_, testing::SizeIs(testing::AllOf(testing::Ge(1000U), testing::Le(2000U))));
  EXPECT_THAT(log_.back(), HasSubstr("lines of this agent's log were dropped"));
}

// Agents that are told to stop and say farewell wait for the host to close: if host and agent waited for each
// other, this would take the longer of their time-outs.
TEST_F(Deployed, AnAgentThatIsLostEndsTheRunAtOnce) {
  begin();
  speaker_.channel->close();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(run_.get().error().code, ExitCode::peer_lost);
  bridge_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(1));
}

TEST_F(Deployed, AStandstillNamesTheWayThatCarriesNothing) {
  EXPECT_THAT(standstill({{{0}, Time::at_ns(5), {acknowledged(0, {1})}, false},
                          {{1}, Time::at_ns(6), {staged(0)}, false}}),
              HasSubstr("microbatch 0 from stage 1 (d1) to stage 2 (d2) never arrives: the way d1 -> d2 "
                        "carries nothing"));
}

TEST_F(Deployed, AStandstillNamesTheStageThatGoesNoFurther) {
  EXPECT_THAT(standstill({{{0}, Time::at_ns(5), {acknowledged(0, {1})}, false}}),
              HasSubstr("microbatch 0 has come to stage 1 (d1) and does not leave it"));
}

TEST_F(Deployed, AStandstillNamesTheWayBack) {
  Report first = last_word();
  first.records.resize(1);
  first.finished = false;
  EXPECT_THAT(standstill({first}),
              HasSubstr("sink (d0) has worked on microbatch 0, but its acknowledgement never comes to "
                        "stage 2 (d2): the way d0 -> d2 carries nothing"));
}

TEST_F(Deployed, AStandstillAtTheBeginningNamesTheFirstWay) {
  EXPECT_THAT(standstill({}), HasSubstr("microbatch 0 from source (d0) to stage 1 (d1) has not arrived"));
}

class Emulated : public Host {
 protected:
  void begin() {
    listen("20 s", Mode::emulate);
    speaker_ = only_agent();
    nodes_ = bridge_->wall_nodes();
    nodes_->start();
    ASSERT_TRUE(speaker_.hears(FrameType::start));
  }
  Result<std::optional<WallNodes::Word>> next() { return nodes_->next(kPatience); }

  Speaker speaker_;
  std::unique_ptr<WallNodes> nodes_;
};

TEST_F(Emulated, ALineOfALogIsNoReportAndEndsNothing) {
  begin();
  speaker_.say(to_frame(LogLine{LogLevel::warning, "the fan is loud"}));
  speaker_.say(to_frame(FrameType::message, NodeMessage{{1}, {0}, Feedback{{}, 1}, Time::at_ns(5)}));
  auto word = next();
  ASSERT_TRUE(word.ok()) << word.error().message;
  EXPECT_TRUE(std::holds_alternative<NodeMessage>(**word));
  bridge_->stop();
  EXPECT_THAT(log_, testing::ElementsAre("the fan is loud"));
}

TEST_F(Emulated, AnyOtherFrameIsRefusedByItsKindAndNamed) {
  for (const auto& frame : {to_frame(Ready{}), to_frame(NodeTurn{{1}, {}}), to_frame(Farewell{"x"}),
                            to_frame(FrameType::start), to_frame(Want{std::string(64, 'a'), 0})}) {
    begin();
    speaker_.say(frame);
    EXPECT_THAT(next().error().message,
                testing::MatchesRegex("agent of d0, d1, d2 .*: it sent a frame of type .*"));
    TearDown();
    speakers_.clear();
  }
}

TEST_F(Emulated, WhatCannotBeIsRefusedWithTheAgentsName) {
  begin();
  StageRecord record;
  record.images = 4;
  record.sent = Time::at_ns(1LL << 59);
  speaker_.say(to_frame(Report{{1}, Time::at_ns(1LL << 59), {record}, false}));
  EXPECT_THAT(next().error().message, HasSubstr("agent of d0, d1, d2"));
}

TEST_F(Emulated, ARefusalEndsTheRunWithItsReason) {
  begin();
  speaker_.say(to_frame(Error{"the disk is gone", ExitCode::invalid_input}));
  EXPECT_EQ(next().error().code, ExitCode::invalid_input);
}

TEST_F(Deployed, AnInterruptionEndsTheRun) {
  observer_.interrupt_after = 1;
  begin();
  EXPECT_THAT(run_.get().error().message, HasSubstr("interrupted"));
}

}  // namespace
}  // namespace millrace
