#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/bridge/host.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

using Gathering = Host;

TEST_F(Gathering, HandsEachAgentTheScenarioThePlanAndItsNodes) {
  listen();
  gather();
  const auto first = agent({"d0", "d2"});
  const auto second = agent({"d1"});
  for (const auto& [speaker, nodes] :
       {std::pair(first, std::vector<NodeId>{{0}, {2}, {3}}), std::pair(second, std::vector<NodeId>{{1}})}) {
    const auto frame = speaker.hear();
    ASSERT_TRUE(frame.ok());
    const auto assign = parse_assign(*frame);
    ASSERT_TRUE(assign.ok());
    EXPECT_EQ(assign->nodes, nodes);
    EXPECT_EQ(assign->plan, plan_);
    EXPECT_EQ(assign->scenario, resolved_yaml(scenario_));
    speaker.say(to_frame(Ready{}));
  }
  EXPECT_TRUE(gathered_.get().ok());
}

TEST_F(Gathering, MisfitsAreRefusedWithASentenceAndDoNotEndTheWait) {
  listen();
  gather();
  auto other = hello({"d0"});
  other.release = "0.1";
  EXPECT_EQ(speak(to_frame(other)).refusal(),
            "the agent is millrace 0.1, this is 9.9.9; use one release everywhere");
  other = hello({"d0"});
  other.sender = "peer";
  EXPECT_EQ(speak(to_frame(other)).refusal(), "an agent was expected here");
  EXPECT_EQ(speak(to_frame(hello({"d9"}))).refusal(), "the scenario has no device \"d9\"");
  EXPECT_EQ(speak(to_frame(hello({}))).refusal(), "an agent without a device");
  EXPECT_EQ(speak(to_frame(FrameType::start)).refusal(), "a malformed hello frame was refused");
  const auto honest = agent({"d0", "d1", "d2"});
  EXPECT_TRUE(honest.hears(FrameType::assign));
  honest.say(to_frame(Ready{}));
  EXPECT_TRUE(gathered_.get().ok());
}

TEST_F(Gathering, AnotherScenariosAgentIsRefusedWithExitCode3) {
  listen();
  gather();
  auto other = hello({"d0"});
  other.scenario_sha256 = std::string(64, '0');
  const auto frame = speak(to_frame(other)).hear();
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(parse_refusal(*frame).code, ExitCode::invalid_input);
  EXPECT_THAT(parse_refusal(*frame).message, HasSubstr("another scenario (000000000000"));
  agent({"d0", "d1", "d2"}).say(to_frame(Ready{}));
  EXPECT_TRUE(gathered_.get().ok());
}

TEST_F(Gathering, ADeviceIsClaimedOnce) {
  listen();
  gather();
  const auto first = agent({"d0"});
  EXPECT_EQ(speak(to_frame(hello({"d0"}))).refusal(), "device d0 has an agent already");
  const auto second = agent({"d1", "d2"});
  first.say(to_frame(Ready{}));
  second.say(to_frame(Ready{}));
  EXPECT_TRUE(gathered_.get().ok());
}

TEST_F(Gathering, SilentStrangersDoNotStopAnHonestAgent) {
  listen();
  gather();
  std::vector<ChannelPointer> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(connect_channel(loop_, bridge_->local(), kPatience).value());
  agent({"d0", "d1", "d2"}).say(to_frame(Ready{}));
  EXPECT_TRUE(gathered_.get().ok());
}

TEST_F(Gathering, AStrangerThatGreetsAndLeavesTakesNobodysPlace) {
  listen();
  // It has left before the bridge gathers.
  const auto gone = speak(to_frame(hello({"d0"})));
  gone.channel->close();
  EXPECT_FALSE(gone.hear().ok());
  gather();
  // The stranger itself may hold d0 for a moment: if it was refused, d0 is free.
  agent({"d1", "d2"}).say(to_frame(Ready{}));
  const auto late = speak(to_frame(hello({"d0"})));
  const auto answer = late.hear();
  const auto outcome = [&] { return gathered_.get(); };
  if (answer && answer->type == FrameType::hello) {
    late.say(to_frame(Ready{}));
    EXPECT_TRUE(outcome().ok());
  } else {
    EXPECT_EQ(outcome().error().code, ExitCode::peer_lost) << "it had been admitted, and then left";
  }
}

TEST_F(Gathering, NobodyComingIsATimeOutThatSaysWhatToStart) {
  listen("1 s");
  scenario_.run.timeout = Duration::ms(30);
  const auto done = bridge_->gather([] { return Result<void>{}; });
  EXPECT_EQ(done.error().code, ExitCode::timeout);
  EXPECT_THAT(done.error().message, HasSubstr("no agent came for d0, d1, d2"));
  EXPECT_THAT(done.error().message, HasSubstr("millrace-node agent --connect 127.0.0.1:"));
}

TEST_F(Gathering, WhoeverWatchesMayEndTheWait) {
  listen();
  const auto done = bridge_->gather([] {
    return Result<void>(Error{"the agent died", ExitCode::peer_lost});
  });
  EXPECT_EQ(done.error().message, "the agent died");
}

TEST_F(Gathering, AnAgentLostWhileOthersAreAwaitedEndsTheWait) {
  listen();
  gather();
  agent({"d0"}).channel->close();
  const auto done = gathered_.get();
  EXPECT_EQ(done.error().code, ExitCode::peer_lost);
  EXPECT_THAT(done.error().message, HasSubstr("agent of d0 (127.0.0.1:"));
}

TEST_F(Gathering, AnAgentThatCannotBuildItsNodesEndsTheRunWithItsReason) {
  listen();
  gather();
  const auto speaker = agent({"d0", "d1", "d2"});
  EXPECT_TRUE(speaker.hears(FrameType::assign));
  speaker.say(to_frame(Error{"stage 1: no weights", ExitCode::invalid_input}));
  const auto done = gathered_.get();
  EXPECT_EQ(done.error().code, ExitCode::invalid_input);
  EXPECT_THAT(done.error().message, HasSubstr("stage 1: no weights"));
}

TEST_F(Gathering, AnAgentThatIsReadyTwiceDoesNotSpeakForAnother) {
  listen();
  gather();
  const auto first = agent({"d0"});
  const auto second = agent({"d1", "d2"});  // still building its nodes
  EXPECT_TRUE(first.hears(FrameType::assign));
  first.say(to_frame(Ready{}));
  first.say(to_frame(Ready{}));
  const auto done = gathered_.get();
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().message, HasSubstr("said twice that it is ready"));
}

TEST_F(Gathering, AnAgentSilentForTooLongIsNamed) {
  listen("1 s");
  gather();
  agent({"d0", "d1", "d2"});  // never reports ready
  const auto done = gathered_.get();
  EXPECT_EQ(done.error().code, ExitCode::timeout);
  EXPECT_THAT(done.error().message, HasSubstr("agent of d0, d1, d2"));
  EXPECT_THAT(done.error().message, HasSubstr("not ready after 1.0 s"));
}

TEST_F(Gathering, WhoComesTooLateIsToldSo) {
  listen();
  only_agent();
  EXPECT_EQ(speak(to_frame(hello({"d0"}))).refusal(), "the run has all its agents");
}

}  // namespace
}  // namespace millrace
