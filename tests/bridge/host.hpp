// A bridge that waits on a thread of its own, and agents whose every message a test writes.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "runtime/net/inbox.hpp"
#include "runtime/scenario/scenario_writer.hpp"
#include "sim/bridge/bridge.hpp"
#include "tests/contract/byte_pipeline.hpp"
#include "tests/contract/recording_observer.hpp"
#include "tests/support/agents.hpp"

namespace millrace {

inline constexpr Duration kPatience = Duration::s(20);

// Sends the test's frames; received frames wait in its inbox.
struct Speaker {
  ChannelPointer channel;
  std::shared_ptr<Inbox> inbox;

  void say(const Frame& frame) const { channel->send(frame); }
  Result<Frame> hear() const { return inbox->next(kPatience, "host"); }
  // The message of a refusal, or a description of what came instead.
  std::string refusal() const {
    const auto frame = hear();
    if (!frame) return frame.error().message;
    return frame->type == FrameType::refusal ? parse_refusal(*frame).message : "it was not refused";
  }
  bool hears(FrameType type) const {
    const auto frame = hear();
    return frame && frame->type == type;
  }
};

// d0 is source and sink, d1 and d2 the stages.
class Host : public testing::Test {
 protected:
  void listen(const std::string& timeout = "20 s", Mode mode = Mode::cosim) {
    scenario_ = ring_scenario(3, timeout);
    auto bridge =
        Bridge::listen({.scenario = scenario_,
                        .plan = plan_,
                        .scenario_text = resolved_yaml(scenario_),
                        .scenario_sha256 = scenario_hash(scenario_),
                        .mode = mode,
                        .release = kTestRelease,
                        .on_log = [this](const auto&, const LogLine& line) { log_.push_back(line.text); }},
                       {"127.0.0.1", 0});
    ASSERT_TRUE(bridge.ok()) << bridge.error().message;
    bridge_ = std::move(*bridge);
  }
  void gather() {
    gathered_ =
        std::async(std::launch::async, [this] { return bridge_->gather([] { return Result<void>{}; }); });
  }
  Speaker speak(const Frame& first) {
    auto channel = connect_channel(loop_, bridge_->local(), kPatience).value();
    speakers_.push_back({channel, Inbox::of(*channel)});
    channel->open_up();
    channel->send(first);
    return speakers_.back();
  }
  Hello hello(std::vector<std::string> devices) const {
    return {"agent", kTestRelease, scenario_hash(scenario_), std::move(devices), {}, {}};
  }
  // Sends a hello for these devices and is greeted.
  Speaker agent(std::vector<std::string> devices) {
    auto speaker = speak(to_frame(hello(std::move(devices))));
    EXPECT_TRUE(speaker.hears(FrameType::hello));
    return speaker;
  }
  // An agent for all devices, with its assignment and ready.
  Speaker only_agent() {
    gather();
    auto speaker = agent({"d0", "d1", "d2"});
    EXPECT_TRUE(speaker.hears(FrameType::assign));
    speaker.say(to_frame(Ready{4711}));
    const auto done = gathered_.get();
    EXPECT_TRUE(done.ok()) << done.error().message;
    return speaker;
  }
  void TearDown() override {
    for (const auto& speaker : speakers_) speaker.channel->close();
    if (gathered_.valid()) gathered_.wait();
    bridge_.reset();
  }

  Pipeline pipeline_{.devices = {0, 1, 2, 0}};
  Plan plan_ = pipeline_.plan();
  Scenario scenario_;
  IoLoop loop_;
  std::vector<Speaker> speakers_;
  std::unique_ptr<Bridge> bridge_;
  std::future<Result<void>> gathered_;
  RecordingObserver observer_;
  std::vector<std::string> log_;  // on the thread that drives the bridge
};

}  // namespace millrace
