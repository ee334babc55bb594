// ns-3 on the wall clock, with nodes that saturate a link: a rate that this machine cannot carry is reported.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "sim/coordinator/emulator.hpp"
#include "sim/ns3/ns3_network.hpp"
#include "tests/contract/recording_observer.hpp"

namespace millrace {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Node 0 keeps `ahead` messages of 1 MB under way: for each one that arrives it sends the next at once.
class SaturatingNodes final : public WallNodes {
 public:
  SaturatingNodes(const LatenessAudit& audit, int ahead, int last)
      : audit_(audit), due_(ahead), last_(last) {}

  void start() override {}
  void deliver(NodeMessage) override {
    ++due_;
    ++arrived_;
  }
  Result<std::optional<Word>> next(Duration patience) override {
    if (arrived_ >= last_) {
      CompletionRecord completion;
      completion.completed = audit_.now();
      return std::optional<Word>(Report{{2}, audit_.now(), {completion}, true});
    }
    if (due_ == 0) {
      const auto wake = SteadyClock::now() + std::chrono::nanoseconds(patience.count_ns());
      while (patience > Duration{} && SteadyClock::now() < wake) {
      }
      return std::optional<Word>{};
    }
    --due_;
    Activation activation;
    activation.payload.size = Bytes(1'000'000);
    return std::optional<Word>(NodeMessage{{0}, {1}, activation, audit_.now()});
  }

 private:
  const LatenessAudit& audit_;
  int due_, last_, arrived_ = 0;
};

struct Outcome {
  Result<Time> end;
  std::uint64_t events;
};

Outcome emulate(BitRate rate, Bytes mtu, Duration limit, int messages) {
  const Plan plan{{0}, {0}, {{{1}, {1, 48}}}};
  NetworkSpec spec;
  spec.devices = {"a", "b"};
  spec.mtu = mtu;
  for (std::uint32_t i = 0; i < 2; ++i)
    spec.links.push_back({DeviceId{i}, DeviceId{1 - i}, rate, Duration::us(100)});
  const auto zero = SteadyClock::now();
  LatenessAudit audit(
      limit, [=] { return Time::at_ns(std::chrono::nanoseconds(SteadyClock::now() - zero).count()); });
  LinkMeter meter(spec, Duration::s(1));
  const auto network = make_ns3_network(spec, {.meter = &meter, .audit = &audit}).value();
  RecordingObserver observer;
  SaturatingNodes nodes(audit, 4, messages);
  std::vector<std::unique_ptr<CostModel>> costs(3);
  Emulator emulator({.plan = plan,
                     .spec = spec,
                     .network = *network,
                     .audit = audit,
                     .meter = meter,
                     .observer = observer,
                     .nodes = nodes,
                     .costs = std::move(costs),
                     .timeout = Duration::s(60)});
  auto end = emulator.run();
  return {std::move(end), audit.of(Lateness::network_event).count()};
}

// 10 Gbit/s in packets of 256 bytes are 4.9 million packets a second; ns-3 runs some 100,000. With a feasible
// rate even a busy machine meets the limit.
TEST(Emulation, AnImpossibleLinkEndsWithItsNameAndTheRateThisMachineCarries) {
  const auto outcome = emulate(BitRate::mbit(10'000), Bytes(256), Duration::ms(300), 1'000'000);
  ASSERT_FALSE(outcome.end.ok());
  EXPECT_EQ(outcome.end.error().code, ExitCode::fidelity);
  EXPECT_THAT(outcome.end.error().message,
              testing::ContainsRegex("link a -> b could not be kept up with: this machine carries [0-9.]+ "
                                     "Mbit/s over it in packets of 256 B"));
}

TEST(Emulation, ALimitOfANanosecondCannotBeKept) {
  const auto outcome = emulate(BitRate::mbit(1), Bytes(1500), Duration::ns(1), 10);
  ASSERT_FALSE(outcome.end.ok());
  EXPECT_EQ(outcome.end.error().code, ExitCode::fidelity);
}

// 2 MB at 40 Mbit/s; only a machine at a standstill would exceed the limit.
TEST(Emulation, ASlowLinkTakesItsTimeAndAllItsEventsAreAudited) {
  const auto outcome = emulate(BitRate::mbit(40), Bytes(1500), Duration::s(5), 2);
  ASSERT_TRUE(outcome.end.ok()) << outcome.end.error().message;
  EXPECT_GE(*outcome.end, Time::zero() + Duration::ms(400));
  EXPECT_GT(outcome.events, 2U * 1382) << "at least a departure and an arrival per packet";
}

}  // namespace
}  // namespace millrace
