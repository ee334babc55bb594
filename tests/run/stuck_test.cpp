// The message of a run whose network carries nothing any more: the link and the cause.
#include "sim/run/stuck.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/scenario/scenario_reader.hpp"
#include "sim/run/network_builder.hpp"
#include "tests/run/two_boards.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

class AStandstill : public InAFolder {
 protected:
  // From camera to board-b at 10 s; `network` and `events` are those sections of the scenario.
  std::string why(const std::string& network, const std::string& events = "[]") const {
    write("end.csv", "time_s,rate_mbit_per_s\n0,5\n1,0\n2,end\n");
    write("s.yaml",
          "millrace: 1\nname: stuck\nmodel: {name: vit-tiny}\n"
          "devices:\n  - {name: camera, runs: [source, sink]}\n  - {name: board-a, speed: 8 GFLOP/s}\n"
          "  - {name: board-b, speed: 4 GFLOP/s}\nnetwork:\n" +
              network + "events: " + events + "\n");
    const auto read = read_scenario(path("s.yaml"));
    EXPECT_TRUE(read.scenario) << to_string(read.problems);
    const auto spec = build_network_spec(*read.scenario);
    EXPECT_TRUE(spec.ok()) << spec.error().message;
    return why_nothing_arrives(*read.scenario, *spec, {0}, {2}, Time::zero() + Duration::s(10));
  }
  static std::string two_links(const std::string& second) {
    return "  links:\n    - {between: [camera, board-a], rate: 10 Mbit/s}\n    - {between: [board-a, "
           "board-b], " +
           second + "}\n";
  }
};

TEST_F(AStandstill, NamesTheEventThatTookALinkDown) {
  EXPECT_EQ(
      why(two_links("rate: 10 Mbit/s"), "[{at: 3 s, link: board-a-board-b, state: down}]"),
      "an event took link board-a -> board-b down at 3 s, and none brings it up again; add one with `state: "
      "up`");
}

TEST_F(AStandstill, NamesTheTraceThatHasEnded) {
  EXPECT_EQ(
      why(two_links("trace: end.csv, trace_end: once")),
      "link board-a -> board-b carries nothing any more: its trace has ended or stays at 0; trace_end: loop "
      "plays it again");
}

TEST_F(AStandstill, NamesHeavyLoss) {
  EXPECT_EQ(why(two_links("rate: 10 Mbit/s, loss: 0.99")),
            "link board-a -> board-b loses 99 % of its packets; lower its loss");
  EXPECT_THAT(why(two_links("rate: 10 Mbit/s"), "[{at: 3 s, link: board-a-board-b, loss: 0.75}]"),
              HasSubstr("link board-a -> board-b loses 75 %"));
  EXPECT_THAT(why(two_links("rate: 10 Mbit/s, loss_model: {p: 0.9, r: 0.1}")), HasSubstr("loses 90 %"));
}

TEST_F(AStandstill, NamesWhoIsOutOfReachOfTheRadio) {
  EXPECT_EQ(
      why("  kind: ns3\n  segments:\n    - {name: home, kind: wifi, members: [camera, board-a, board-b], "
          "access_point: board-a, distances: [{member: board-b, distance: 2 km}]}\n"),
      "board-b is 2000 m from the access point of Wi-Fi home, which 802.11n does not reach; give it a "
      "smaller "
      "distance");
}

TEST_F(AStandstill, NamesTheWayWhereNoCauseIsToBeSeen) {
  EXPECT_EQ(why(two_links("rate: 10 Mbit/s")), "link camera -> board-a, board-a -> board-b carries nothing");
}

}  // namespace
}  // namespace millrace
