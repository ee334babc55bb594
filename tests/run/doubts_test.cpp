#include "sim/run/doubts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/scenario/scenario_reader.hpp"
#include "sim/run/scenario_plan.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A camera and three boards in a row, as many links as are given.
Scenario boards(const std::string& network, const std::vector<std::string>& overrides = {}) {
  const std::string text =
      "millrace: 1\nname: boards\nmodel: {name: vit-tiny, microbatch: 4}\nworkload: {images: 8}\ndevices:\n"
      "  - {name: camera, runs: [source, sink]}\n  - {name: a, speed: 4 GFLOP/s}\n"
      "  - {name: b, speed: 4 GFLOP/s}\nnetwork:\n" +
      network + "run: {mode: simulate}\n";
  const auto read =
      read_scenario_text(text, "s.yaml", "", {.overrides = overrides, .files = FileCheck::leave_as_written});
  EXPECT_TRUE(read.scenario) << to_string(read.problems);
  return read.scenario.value();
}
std::vector<std::string> doubts(const Scenario& scenario) {
  return doubts_of(scenario, make_scenario_plan(scenario).value());
}

const std::string kRing =
    "  links:\n    - {between: [camera, a], rate: 1 Gbit/s}\n    - {between: [a, b], rate: 1 Gbit/s}\n"
    "    - {between: [b, camera], rate: 1 Gbit/s}\n";
const std::string kLine =
    "  links:\n    - {between: [camera, a], rate: 1 Gbit/s}\n    - {between: [a, b], rate: 1 Gbit/s}\n";

TEST(Doubts, AGoodScenarioLeavesNone) { EXPECT_THAT(doubts(boards(kRing)), IsEmpty()); }

TEST(Doubts, AMissingLinkIsNamedWithTheWayThatIsTakenInstead) {
  EXPECT_THAT(
      doubts(boards(kLine)),
      ElementsAre("b and camera are neighbours in the plan and have no link of their own; what they exchange "
                  "goes b -> a -> camera, over a, which shares its links with it: add a link between [b, "
                  "camera] if there is one"));
  // Only one direction is missing: the acknowledgements take the longer route.
  EXPECT_THAT(
      doubts(boards(kLine + "    - {from: b, to: camera, rate: 1 Gbit/s}\n")),
      ElementsAre("camera and b are neighbours in the plan and have no link of their own; what they exchange "
                  "goes camera -> a -> b (for acknowledgements), over a, which shares its links with it: add "
                  "a link between [camera, b] if there is one"));
}

TEST(Doubts, SwitchesAndHubsAreThereToPassOn) {
  EXPECT_THAT(
      doubts(boards("  switches: [s]\n  links:\n    - {between: [camera, s], rate: 1 Gbit/s}\n"
                    "    - {between: [a, s], rate: 1 Gbit/s}\n    - {between: [b, s], rate: 1 Gbit/s}\n")),
      IsEmpty());
  EXPECT_THAT(
      doubts(boards("  segments:\n    - {name: w, kind: star, hub: camera, access: [{members: [a, b], up: "
                    "{rate: 1 Mbit/s}, down: {rate: 1 Mbit/s}}]}\n")),
      IsEmpty());
}

TEST(Doubts, WhereLinksAreNotAppliedNothingIsSaidOfThem) {
  EXPECT_THAT(doubts(boards(kLine, {"run.mode=deploy"})), IsEmpty());
}

TEST(Doubts, AMicrobatchLargerThanAllImagesIsSaid) {
  EXPECT_THAT(
      doubts(boards(kRing, {"model.microbatch=64"})),
      ElementsAre(
          "model.microbatch is 64 and workload.images 8: the run is one microbatch of 8 images, which "
          "says little about a rate; raise workload.images, or lower model.microbatch"));
}

TEST(Doubts, TracesAndEventsOfLinksThatNothingUsesAreSaid) {
  const std::string unused =
      kRing +
      "    - {between: [camera, s], rate: 1 Mbit/s, loss_model: {p: 0.1, r: 0.5}}\n  switches: [s]\n"
      "events:\n  - {at: 2 s, link: camera-s, state: down}\n";
  EXPECT_THAT(
      doubts(boards(unused)),
      ElementsAre("the event at 2 s of link camera - s has no effect: the plan sends nothing over it"));
  EXPECT_THAT(doubts(boards(kRing + "events:\n  - {at: 2 s, from: a, to: camera, state: down}\n")),
              IsEmpty());
}

TEST(Doubts, ABoundOnAFigureThatTheModeDoesNotHaveIsSaid) {
  EXPECT_THAT(
      doubts(boards(kRing, {"expect.accuracy=>= 0.5"})),
      ElementsAre("expect.accuracy cannot be met: mode simulate, which runs no tensors, has no accuracy"));
}

TEST(Doubts, EventsAfterTheEndOfTheRunDidNotHappen) {
  const auto scenario = boards(kRing + "events:\n  - {at: 2 s, link: a-b, state: down}\n");
  EXPECT_THAT(unseen_events(scenario, Time::at_ns(1'500'000'000)),
              ElementsAre("the event of link a - b at 2 s did not happen: the run ended at 1.5 s"));
  EXPECT_THAT(unseen_events(scenario, Time::at_ns(2'000'000'000)), IsEmpty());
}

}  // namespace
}  // namespace millrace
