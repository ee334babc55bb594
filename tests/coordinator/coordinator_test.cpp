#include "sim/coordinator/coordinator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "runtime/wire/messages.hpp"
#include "sim/net/fluid_network.hpp"
#include "sim/net/rate_trace.hpp"
#include "tests/contract/recording_observer.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }

// A seat whose answers a test defines; it records events in a log shared by all seats.
class ScriptedSeat final : public Attachment {
 public:
  using Answer = std::function<Result<Turn>(const Event&)>;
  ScriptedSeat(std::string name, std::vector<std::string>& log, Answer answer)
      : name_(std::move(name)), log_(log), answer_(std::move(answer)) {}
  Result<void> begin(Event event) override {
    const char* const kinds[] = {"start", "message", "wake"};
    log_.push_back(name_ + " " + kinds[static_cast<int>(event.kind)] + " " +
                   std::to_string(event.now.count_ns() / 1'000'000));
    event_ = std::move(event);
    return {};
  }
  Result<Turn> end() override { return answer_(event_); }

 private:
  std::string name_;
  std::vector<std::string>& log_;
  Answer answer_;
  Event event_;
};

Turn promise(Time until) { return {{}, {}, until, false}; }
Turn finished() { return {{}, {}, Time::never(), true}; }
Turn sending(NodeId to, Time until = Time::never()) { return {{{to, Feedback{}}}, {}, until, false}; }

class ACoordinator : public testing::Test {
 protected:
  // Node 0 is the source, node 3 the sink; by default on devices 0 to 3, and no node does anything.
  ACoordinator() : plan_{{0}, {3}, {{{1}, {1, 4}}, {{2}, {5, 8}}}} {
    for (int i = 0; i < 4; ++i) answers_.emplace_back([](const Event&) { return promise(Time::never()); });
    for (std::uint32_t i = 0; i < 4; ++i) spec_.devices.push_back("d" + std::to_string(i));
    for (std::uint32_t i = 0; i < 3; ++i) {
      // 33 bytes of feedback and 40 of header: 584 bit, at 584 kbit/s exactly 1 ms.
      spec_.links.push_back({{i}, {i + 1}, BitRate(584'000), Duration::ms(2)});
      spec_.links.push_back({{i + 1}, {i}, BitRate(584'000), Duration::ms(2)});
    }
    spec_.transport = Transport::raw;
  }
  Result<Time> run() {
    network_ = std::make_unique<FluidNetwork>(spec_);
    std::vector<std::unique_ptr<Attachment>> seats;
    for (std::size_t i = 0; i < 4; ++i)
      seats.push_back(std::make_unique<ScriptedSeat>(std::to_string(i), log_, answers_[i]));
    return Coordinator(
               {.plan = plan_, .network = *network_, .observer = observer_, .nodes = std::move(seats)})
        .run();
  }
  // The log without its starts.
  std::vector<std::string> events() const { return {log_.begin() + 4, log_.end()}; }

  Plan plan_;
  NetworkSpec spec_;
  std::vector<ScriptedSeat::Answer> answers_;
  std::unique_ptr<Network> network_;
  RecordingObserver observer_;
  std::vector<std::string> log_;
};

TEST_F(ACoordinator, EndsARunThatGoesBeyondWhatNetworksSimulate) {
  answers_[1] = [](const Event&) { return promise(RateTrace::kHorizon + Duration::ns(1)); };
  EXPECT_THAT(run().error().message, HasSubstr("its next event is at 4.61e+09 s"));
}

TEST_F(ACoordinator, StartsAllNodesAndThenWakesTheEarliest) {
  answers_[1] = [](const Event& event) {
    return event.kind == Event::Kind::start ? promise(ms(5)) : promise(Time::never());
  };
  answers_[2] = [](const Event& event) { return event.now < ms(3) ? promise(ms(3)) : promise(ms(9)); };
  answers_[3] = [](const Event& event) { return event.now < ms(8) ? promise(ms(8)) : finished(); };
  const auto end = run();
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(*end, ms(8));
  EXPECT_THAT(log_, ElementsAre("0 start 0", "1 start 0", "2 start 0", "3 start 0", "2 wake 3", "1 wake 5",
                                "3 wake 8"));
}

TEST_F(ACoordinator, OfNodesDueTogetherTheSmallestIdIsFirst) {
  for (std::size_t i = 0; i < 3; ++i) {
    answers_[i] = [](const Event& event) {
      return event.kind == Event::Kind::start ? promise(ms(4)) : promise(Time::never());
    };
  }
  answers_[3] = [](const Event& event) { return event.now < ms(4) ? promise(ms(4)) : finished(); };
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(events(), ElementsAre("0 wake 4", "1 wake 4", "2 wake 4", "3 wake 4"));
}

TEST_F(ACoordinator, AtOneInstantLocalMessagesComeFirstThenNodesThenTheNetwork) {
  plan_.sink = {2};  // stage 2 and sink share a device
  plan_.stages[1].device = {2};
  // The network delivers node 1's message of 0 ms to node 2 at 3 ms: 1 ms on the wire, 2 ms of delay.
  answers_[1] = [](const Event& event) {
    return event.kind == Event::Kind::start ? sending({2}) : promise(Time::never());
  };
  // At 3 ms node 0 is due, and so is node 2, which sends to its neighbour on the same device.
  answers_[0] = [](const Event& event) {
    return event.kind == Event::Kind::start ? promise(ms(3)) : promise(Time::never());
  };
  int woken = 0;
  answers_[2] = [&woken](const Event& event) {
    if (event.kind == Event::Kind::start) return promise(ms(3));
    if (event.kind == Event::Kind::message) return finished();
    return ++woken == 1 ? sending({3}, ms(3)) : promise(Time::never());
  };
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(events(), ElementsAre("0 wake 3", "2 wake 3", "3 message 3", "2 wake 3", "2 message 3"));
}

TEST_F(ACoordinator, NeighboursOnOneDeviceNeverTouchTheNetwork) {
  plan_ = {{0}, {0}, {{{0}, {1, 4}}, {{0}, {5, 8}}}};
  answers_[0] = [](const Event& event) {
    return event.kind == Event::Kind::start ? sending({1}) : promise(Time::never());
  };
  answers_[1] = [](const Event& event) {
    return event.kind == Event::Kind::message ? finished() : promise(Time::never());
  };
  const auto end = run();
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(*end, ms(0));
  EXPECT_TRUE(observer_.transfers.empty());
}

TEST_F(ACoordinator, TellsOfEveryTransferWhereItsTimeWent) {
  answers_[0] = [](const Event& event) {
    if (event.kind != Event::Kind::start) return promise(Time::never());
    Turn turn = sending({1});
    Activation activation;
    activation.microbatch = {7};
    activation.values = 5;
    activation.payload.size = Bytes(4);
    turn.sends.push_back({{1}, activation});
    return turn;
  };
  int heard = 0;
  answers_[1] = [&heard](const Event& event) {
    if (event.kind == Event::Kind::message && ++heard == 2) return finished();
    return promise(Time::never());
  };
  const auto end = run();
  ASSERT_TRUE(end.ok());
  ASSERT_EQ(observer_.transfers.size(), 2U);
  const auto& first = observer_.transfers[0];
  EXPECT_FALSE(first.activation);
  EXPECT_EQ(first.size, Bytes(33));
  EXPECT_EQ(first.delivered, ms(3));
  const auto& second = observer_.transfers[1];
  EXPECT_TRUE(second.activation);
  EXPECT_EQ(second.microbatch, MicrobatchId{7});
  EXPECT_EQ(second.size, message_size(Activation{}) + Bytes(4));
  EXPECT_EQ(second.values, 5U);
  EXPECT_EQ(second.queued, Duration::ms(1)) << "behind the first";
  EXPECT_EQ(second.propagation, Duration::ms(2));
  EXPECT_EQ(second.queued + second.wire + second.propagation, second.delivered - second.submitted);
  EXPECT_EQ(*end, second.delivered);
}

TEST_F(ACoordinator, APromiseInThePastIsAnErrorThatNamesTheNode) {
  answers_[2] = [](const Event& event) {
    return event.kind == Event::Kind::start ? promise(ms(5)) : promise(ms(4));
  };
  EXPECT_EQ(run().error().message, "stage 2 at 0.005 s: it promised to act in the past");
}

TEST_F(ACoordinator, APromiseBeforeTheStartIsAnError) {
  answers_[1] = [](const Event&) { return promise(Time::at_ns(-1)); };
  EXPECT_EQ(run().error().message, "stage 1 at 0.000 s: it promised to act in the past");
}

TEST_F(ACoordinator, APipelineInWhichNobodyActsIsStuck) {
  EXPECT_THAT(run().error().message, HasSubstr("stuck at 0.000 s: no node has anything to do"));
}

TEST_F(ACoordinator, APipelineBehindADeadLinkIsStuck) {
  spec_.links[0].rate = std::make_shared<const RateTrace>(
      RateTrace::make({{Duration{}, BitRate::mbit(1)}, {Duration::ms(1), BitRate(0)}}, Duration::ms(2),
                      TraceEnd::hold)
          .value());
  answers_[0] = [](const Event& event) {
    return event.kind == Event::Kind::start ? promise(ms(4)) : sending({1});
  };
  EXPECT_THAT(run().error().message,
              HasSubstr("s: the room for more microbatches from source to stage 1, under way since 0.004 s, "
                        "never arrives: its link carries nothing"));
}

TEST_F(ACoordinator, AnInterruptionEndsTheRunWhereItStands) {
  answers_[1] = [](const Event& event) { return promise(event.now + Duration::ms(1)); };
  observer_.interrupt_after = 7;
  EXPECT_EQ(run().error().message, "interrupted at 0.007 s of scenario time");
}

TEST_F(ACoordinator, ANodesErrorSaysWhoAndWhen) {
  answers_[3] = [](const Event& event) -> Result<Turn> {
    if (event.kind == Event::Kind::start) return promise(ms(2));
    return Error{"lost", ExitCode::peer_lost};
  };
  const auto end = run();
  EXPECT_EQ(end.error().message, "sink at 0.002 s: lost");
  EXPECT_EQ(end.error().code, ExitCode::peer_lost);
}

}  // namespace
}  // namespace millrace
