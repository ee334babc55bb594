// The agent's side: run_agent() with a host that is a bridge or a script.
#include "runtime/net/agent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/bridge/host.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

class AnAgent : public Host {
 protected:
  // Another host, which listens and sends what the test chooses.
  void script_host() {
    listener_ = std::move(listen_on(loop_, {"127.0.0.1", 0}).value());
    listener_->accept([this](const ChannelPointer& channel) { accepted_.set_value(channel); });
    agents_.start(config(listener_->local()), no_parts);
    host_.channel = accepted_.get_future().get();
    host_.inbox = Inbox::of(*host_.channel);
    host_.channel->open_up();
  }
  static AgentConfig config(const Endpoint& host) {
    return {.host = host,
            .devices = {"d0", "d1", "d2"},
            .scenario_sha256 = {},
            .release = kTestRelease,
            .timeout = kPatience};
  }
  static Result<VirtualNode::Parts> no_parts(const Scenario&, const Plan&, NodeId) {
    return Error{"no weights here", ExitCode::invalid_input};
  }
  const Error& error_of_agent() {
    agents_.join();
    return agents_.result(0).error();
  }
  void TearDown() override {
    if (host_.channel) host_.channel->close();
    agents_.join();
    Host::TearDown();
  }

  std::unique_ptr<Listener> listener_;
  std::promise<ChannelPointer> accepted_;
  Speaker host_;
  Agents agents_;
};

TEST_F(AnAgent, RefusedForItsScenarioLeavesWithExitCode3) {
  listen();
  gather();
  auto wrong = config(bridge_->local());
  wrong.scenario_sha256 = std::string(64, '0');
  agents_.start(wrong, no_parts);
  EXPECT_EQ(error_of_agent().code, ExitCode::invalid_input);
  EXPECT_THAT(error_of_agent().message, HasSubstr("host: the agent is here for another scenario"));
  agent({"d0", "d1", "d2"}).say(to_frame(Ready{}));
}

TEST_F(AnAgent, ThatCannotBuildItsNodesSaysWhyToBoth) {
  listen();
  gather();
  agents_.start(config(bridge_->local()), no_parts);
  const auto done = gathered_.get();
  EXPECT_THAT(done.error().message, HasSubstr("source: no weights here"));
  EXPECT_EQ(done.error().code, ExitCode::invalid_input);
  bridge_.reset();
  EXPECT_THAT(error_of_agent().message, HasSubstr("source: no weights here"));
}

TEST_F(AnAgent, RefusesAHostOfAnotherRelease) {
  script_host();
  host_.say(to_frame(Hello{"host", "0.1", "abc", {}, {}, {}}));
  EXPECT_TRUE(host_.hears(FrameType::hello));
  EXPECT_EQ(host_.refusal(), "the host is millrace 0.1, this is 9.9.9; use one release everywhere");
  host_.channel->close();
  EXPECT_THAT(error_of_agent().message, HasSubstr("the host is millrace 0.1"));
}

TEST_F(AnAgent, RefusesAScenarioThatIsNotTheOneGreetedWith) {
  script_host();
  host_.say(to_frame(Hello{"host", kTestRelease, std::string(64, 'a'), {}, {}, {}}));
  host_.say(to_frame(Assign{resolved_yaml(ring_scenario(3)), plan_, Mode::cosim, {{0}}}));
  EXPECT_TRUE(host_.hears(FrameType::hello));
  EXPECT_EQ(host_.refusal(), "the scenario handed out is not the one greeted with");
  host_.channel->close();
  EXPECT_EQ(error_of_agent().code, ExitCode::invalid_input);
}

TEST_F(AnAgent, RefusesAPlanThatDoesNotFitTheModel) {
  const auto scenario = ring_scenario(3);
  auto plan = plan_;
  plan.stages.back().layers.last = 47;
  script_host();
  host_.say(to_frame(Hello{"host", kTestRelease, scenario_hash(scenario), {}, {}, {}}));
  host_.say(to_frame(Assign{resolved_yaml(scenario), plan, Mode::cosim, {{0}}}));
  EXPECT_TRUE(host_.hears(FrameType::hello));
  EXPECT_THAT(host_.refusal(), HasSubstr("plan: it ends at sub-layer 47"));
  host_.channel->close();
}

TEST_F(AnAgent, RefusesAScenarioThatCannotBeRead) {
  script_host();
  host_.say(to_frame(Hello{"host", kTestRelease, "abc", {}, {}, {}}));
  host_.say(to_frame(Assign{"{{{", plan_, Mode::cosim, {{0}}}));
  EXPECT_TRUE(host_.hears(FrameType::hello));
  EXPECT_THAT(host_.refusal(), HasSubstr("the host's scenario cannot be read here"));
  host_.channel->close();
}

// The host must not learn the content of the device's own files, nor an error that depends on it.
TEST_F(AnAgent, OpensNoFileThatTheHostHasNotAnnounced) {
  auto scenario = ring_scenario(3);
  scenario.model.weights = "/etc/hostname";
  script_host();
  host_.say(to_frame(Hello{"host", kTestRelease, scenario_hash(scenario), {}, {}, {}}));
  host_.say(to_frame(Assign{resolved_yaml(scenario), plan_, Mode::cosim, {{1}}}));
  EXPECT_TRUE(host_.hears(FrameType::hello));
  EXPECT_EQ(host_.refusal(),
            "/etc/hostname: the host wants it read here and has not announced its hash; it is not opened");
  host_.channel->close();
  EXPECT_EQ(error_of_agent().code, ExitCode::invalid_input);
}

TEST_F(AnAgent, AHostThatLeavesIsLost) {
  script_host();
  host_.channel->close();
  EXPECT_EQ(error_of_agent().code, ExitCode::peer_lost);
}

TEST_F(AnAgent, AHostThatSendsAnotherFrameThanAGreetingIsAnError) {
  script_host();
  host_.say(to_frame(FrameType::start));
  host_.channel->close();
  EXPECT_THAT(error_of_agent().message, HasSubstr("host: sent a frame of type 6 where type 1 was expected"));
}

TEST_F(AnAgent, ASilentHostIsATimeOut) {
  listener_ = std::move(listen_on(loop_, {"127.0.0.1", 0}).value());
  auto impatient = config(listener_->local());
  impatient.timeout = Duration::ms(30);
  const auto served = run_agent(impatient, no_parts);
  EXPECT_EQ(served.error().code, ExitCode::timeout);
  EXPECT_THAT(served.error().message, HasSubstr("host: silent for"));
}

}  // namespace
}  // namespace millrace
