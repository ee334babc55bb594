// Links and events of a scenario, converted for the simulated networks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/scenario/scenario_reader.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/net/rate_trace.hpp"
#include "sim/run/network_builder.hpp"
#include "tests/run/two_boards.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

// camera, board-a and board-b in a row; a scenario file in the test's own folder.
class NetworkSpecOf : public InAFolder {
 protected:
  Result<NetworkSpec> spec(const std::string& events) const {
    write("s.yaml",
          "millrace: 1\nname: events\nmodel: {name: vit-tiny}\n"
          "devices:\n  - {name: camera, runs: [source, sink]}\n  - {name: board-a, speed: 8 GFLOP/s}\n"
          "  - {name: board-b, speed: 4 GFLOP/s}\n"
          "network:\n  mtu: 9000 B\n  transport: raw\n  links:\n"
          "    - {between: [camera, board-a], rate: 10 Mbit/s, delay: 1 ms}\n"
          "    - {from: board-a, to: board-b, rate: 20 Mbit/s, delay: 5 ms, loss: 0.01, queue: 64 KiB}\n"
          "    - {from: board-b, to: board-a, rate: 30 Mbit/s}\n"
          "events:\n" +
              events);
    const auto read = read_scenario(path("s.yaml"));
    EXPECT_TRUE(read.scenario) << to_string(read.problems);
    return build_network_spec(read.scenario.value());
  }
  static const LinkSpec& link(const NetworkSpec& spec, const std::string& from, const std::string& to) {
    for (const auto& one : spec.links) {
      if (spec.devices[one.from.value] == from && spec.devices[one.to.value] == to) return one;
    }
    throw std::logic_error("no link from " + from + " to " + to);
  }
  static double mbit(const LinkSpec& link, std::int64_t at_ms) {
    return rate_trace_of(link.rate)->rate_at(Time::zero() + Duration::ms(at_ms)).mbit_per_s();
  }
};

TEST_F(NetworkSpecOf, LinksAreAsWrittenAndEventsReachTheDirectionsTheyName) {
  const auto built = spec(
      "  - {at: 2 s, link: camera-board-a, rate: 4 Mbit/s}\n"
      "  - {at: 1 s, from: board-a, to: board-b, delay: 7 ms, loss: 0.5}\n");
  ASSERT_TRUE(built.ok()) << built.error().message;
  EXPECT_EQ(built->transport, Transport::raw);
  EXPECT_EQ(built->mtu, Bytes(9000));
  for (const auto& [from, to] : {std::pair("camera", "board-a"), std::pair("board-a", "camera")}) {
    EXPECT_EQ(mbit(link(*built, from, to), 1999), 10) << from;
    EXPECT_EQ(mbit(link(*built, from, to), 2000), 4) << from;
    EXPECT_TRUE(link(*built, from, to).delay.constant()) << from;
  }
  const LinkSpec& there = link(*built, "board-a", "board-b");
  EXPECT_EQ(there.queue, Bytes::kib(64));
  EXPECT_EQ(there.delay.at(Time::zero()), Duration::ms(5));
  EXPECT_EQ(there.delay.at(Time::zero() + Duration::s(1)), Duration::ms(7));
  EXPECT_EQ(there.loss.at(Time::zero() + Duration::ms(999)), 0.01);
  EXPECT_EQ(there.loss.at(Time::zero() + Duration::s(1)), 0.5);
  EXPECT_EQ(mbit(there, 5000), 20);
  const LinkSpec& back = link(*built, "board-b", "board-a");
  EXPECT_EQ(mbit(back, 5000), 30);
  EXPECT_TRUE(back.delay.constant() && back.loss.constant());
}

TEST_F(NetworkSpecOf, EventsAreTakenInTheOrderOfTimeAndAtOneInstantAsWritten) {
  const auto built = spec(
      "  - {at: 3 s, from: board-a, to: board-b, state: up}\n"
      "  - {at: 1 s, from: board-a, to: board-b, state: down}\n"
      "  - {at: 2 s, from: board-a, to: board-b, rate: 6 Mbit/s}\n"
      "  - {at: 2 s, from: board-a, to: board-b, rate: 7 Mbit/s}\n");
  ASSERT_TRUE(built.ok()) << built.error().message;
  const LinkSpec& there = link(*built, "board-a", "board-b");
  EXPECT_EQ(mbit(there, 999), 20);
  EXPECT_EQ(mbit(there, 1000), 0);
  EXPECT_EQ(mbit(there, 2500), 0);  // the new rate is set, but the link is still down
  EXPECT_EQ(mbit(there, 3000), 7);
}

TEST_F(NetworkSpecOf, ATraceOfAnEventBeginsWithIt) {
  write("t.csv", "time_s,rate_mbit_per_s\n0,1\n2,8\n4,end\n");
  const auto built = spec("  - {at: 10 s, from: board-b, to: board-a, trace: t.csv}\n");
  ASSERT_TRUE(built.ok()) << built.error().message;
  const LinkSpec& back = link(*built, "board-b", "board-a");
  EXPECT_EQ(mbit(back, 9999), 30);
  EXPECT_EQ(mbit(back, 10'000), 1);
  EXPECT_EQ(mbit(back, 12'000), 8);
  EXPECT_EQ(mbit(back, 14'000), 1);  // the trace loops
}

TEST_F(NetworkSpecOf, ATraceOfAnEventThatIsAtFaultIsAnErrorWithItsLine) {
  write("t.csv", "time_s,rate_mbit_per_s\n0,1\n2,-8\n4,end\n");
  const auto built = spec("  - {at: 10 s, from: board-b, to: board-a, trace: t.csv}\n");
  ASSERT_FALSE(built.ok());
  EXPECT_THAT(built.error().message, HasSubstr("t.csv:3"));
  EXPECT_EQ(built.error().code, ExitCode::invalid_input);
}

}  // namespace
}  // namespace millrace
