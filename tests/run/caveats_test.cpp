#include "sim/run/caveats.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/node/build_node.hpp"
#include "sim/run/json.hpp"
#include "tests/run/two_boards.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

LinkSection link(const char* from, const char* to) {
  LinkSection made;
  made.from = from;
  made.to = to;
  made.rate = BitRate::mbit(10);
  return made;
}

class ACaveat : public testing::Test {
 protected:
  ACaveat() {
    const char* const pairs[][2] = {{"camera", "board-a"}, {"board-a", "board-b"}, {"board-b", "camera"}};
    for (const auto& [a, b] : pairs) {
      scenario_.network.links.push_back(link(a, b));
      scenario_.network.links.push_back(link(b, a));
    }
  }
  RunConditions of(Mode mode, AgentsAre agents = AgentsAre::local) {
    scenario_.run.mode = mode;
    return conditions_of(scenario_, plan_, agents);
  }
  static std::vector<std::string> ids(const RunConditions& conditions) {
    std::vector<std::string> found;
    for (const auto& caveat : conditions.caveats) found.push_back(caveat.id);
    return found;
  }

  Scenario scenario_ = two_boards();
  Plan plan_ = two_stages();
};

TEST_F(ACaveat, OfVirtualTimeThereIsNone) {
  for (const Mode mode : {Mode::simulate, Mode::cosim}) {
    const auto conditions = of(mode);
    EXPECT_EQ(conditions.compute, ComputeIs::profile);
    EXPECT_EQ(conditions.links, LinksAre::simulated);
    EXPECT_THAT(ids(conditions), ElementsAre());
  }
}

TEST_F(ACaveat, ProfilesOnTheWallClockAreImitation) {
  for (const Mode mode : {Mode::emulate, Mode::deploy}) {
    for (const auto agents : {AgentsAre::local, AgentsAre::elsewhere}) {
      const auto conditions = of(mode, agents);
      EXPECT_EQ(conditions.compute, ComputeIs::imitated);
      ASSERT_EQ(ids(conditions).at(0), "compute_imitated");
      EXPECT_THAT(conditions.caveats[0].text,
                  testing::AllOf(StartsWith("compute imitated: run.compute is profile"),
                                 HasSubstr("--set run.compute=measured")));
    }
  }
}

TEST_F(ACaveat, ASlowdownOnTheWallClockIsImitationToo) {
  scenario_.run.compute = ComputeKind::measured;
  EXPECT_EQ(of(Mode::deploy, AgentsAre::elsewhere).compute, ComputeIs::measured);
  scenario_.devices[0].slowdown = 3;
  EXPECT_EQ(of(Mode::deploy, AgentsAre::elsewhere).compute, ComputeIs::measured) << "it runs no stage";
  scenario_.devices[2].slowdown = 3;
  const auto conditions = of(Mode::deploy, AgentsAre::elsewhere);
  EXPECT_EQ(conditions.compute, ComputeIs::imitated);
  EXPECT_THAT(conditions.caveats[0].text,
              HasSubstr("devices[].slowdown stretches what was measured (board-b: 3"));
  EXPECT_EQ(of(Mode::cosim).compute, ComputeIs::measured) << "in virtual time the key keeps this meaning";
}

TEST_F(ACaveat, WhatIsMeasuredHereIsThisMachine) {
  scenario_.run.compute = ComputeKind::measured;
  EXPECT_THAT(ids(of(Mode::cosim)), ElementsAre("compute_shared"));
  EXPECT_THAT(ids(of(Mode::cosim, AgentsAre::elsewhere)), ElementsAre());
}

TEST_F(ACaveat, LinksOfLocalDeployAreNotApplied) {
  const auto conditions = of(Mode::deploy);
  EXPECT_EQ(conditions.links, LinksAre::not_applied);
  ASSERT_THAT(ids(conditions), ElementsAre("compute_imitated", "links_not_applied"));
  EXPECT_THAT(conditions.caveats[1].text,
              testing::AllOf(StartsWith("links not applied: "), HasSubstr("network.links had no effect"),
                             testing::EndsWith("`--set run.links=netns` (as root) applies them")));
}

TEST_F(ACaveat, WhatRealLinksCannotBeIsSaidBesideTheKey) {
  scenario_.network.links[2].rate = BitRate(500);
  EXPECT_THAT(of(Mode::deploy).caveats.at(1).text,
              testing::AllOf(HasSubstr("run.links=netns"), HasSubstr("board-a -> board-b"),
                             HasSubstr("too slow for a real link")));
}

TEST_F(ACaveat, TracesEventsAndCrossTrafficThatHadNoEffectAreNamed) {
  scenario_.network.links[2].trace = "lte.csv";
  scenario_.network.cross_traffic.push_back({.from = "board-a", .to = "board-b"});
  scenario_.events.emplace_back();
  EXPECT_THAT(of(Mode::deploy).caveats.at(1).text,
              HasSubstr("network.links with its traces, network.cross_traffic, events had no effect"));
}

TEST_F(ACaveat, OnRealDevicesTheirOwnNetworkIsUsed) {
  scenario_.run.compute = ComputeKind::measured;
  const auto conditions = of(Mode::deploy, AgentsAre::elsewhere);
  EXPECT_EQ(conditions.links, LinksAre::given);
  EXPECT_THAT(ids(conditions), ElementsAre("links_given"));
  scenario_.network.links.clear();
  EXPECT_THAT(ids(of(Mode::deploy, AgentsAre::elsewhere)), ElementsAre()) << "no links were described";
}

TEST_F(ACaveat, ShapedLinksAreApplied) {
  scenario_.run.links = LinksKind::netns;
  const auto conditions = of(Mode::deploy);
  EXPECT_EQ(conditions.links, LinksAre::shaped);
  EXPECT_THAT(ids(conditions), ElementsAre("compute_imitated"));
}

TEST_F(ACaveat, WithoutAWayBetweenDevicesNoLinkIsMissed) {
  plan_ = {{1}, {1}, {{{1}, {1, 48}}}};
  EXPECT_EQ(of(Mode::deploy).links, LinksAre::given);
  EXPECT_THAT(ids(of(Mode::deploy)), ElementsAre("compute_imitated"));
}

class AHeadline : public ACaveat {
 protected:
  std::string of_run(Mode mode, const std::optional<Error>& failure = {}, int microbatches = 1) {
    Summary summary(plan_.stages.size());
    scenario_.workload.images = 8;
    for (int i = 0; i < microbatches; ++i) {
      CompletionRecord record;
      record.images = 4;
      record.completed = Time::zero() + Duration::ms(500 * (i + 1));
      summary.add(record);
    }
    summary.close(Time::zero() + Duration::ms(1000));
    return summary_table(of(mode), {scenario_, plan_, summary, failure});
  }
};

TEST_F(AHeadline, SaysWhatTheFiguresAreFiguresOf) {
  EXPECT_THAT(of_run(Mode::simulate),
              StartsWith("\n4 images in 1.000 s of virtual time: 4.000 images/s; latency p50 500.0 ms, "
                         "p95 500.0 ms, p99 500.0 ms\n"
                         "mode simulate: compute taken from speeds and profiles, links simulated (fluid)\n"
                         "\nwhere"));
  EXPECT_THAT(of_run(Mode::emulate),
              HasSubstr("\nmode emulate: compute imitated, links simulated (ns3 in real "
                        "time)\n- compute imitated: run.compute is profile"));
  EXPECT_THAT(of_run(Mode::deploy), StartsWith("\n4 images in 1.000 s: 4.000 images/s; "));
  EXPECT_THAT(of_run(Mode::deploy), HasSubstr("\nmode deploy: compute imitated, links not applied\n- compute "
                                              "imitated: "));
}

TEST_F(AHeadline, OfARunThatEndedEarlyBeginsWithThat) {
  const auto text = of_run(Mode::deploy, Error{"agent of board-b was lost", ExitCode::peer_lost});
  EXPECT_THAT(text,
              StartsWith("\nINCOMPLETE: the run ended after 1.000 s with 4 of 8 images: agent of board-b "
                         "was lost\n4 images in"));
}

TEST_F(AHeadline, StandsAloneWhereNothingWasComplete) {
  const auto text = of_run(Mode::cosim, Error{"interrupted"}, 0);
  EXPECT_THAT(text,
              StartsWith("\nINCOMPLETE: the run ended after 1.000 s with 0 of 8 images: interrupted\nmode"));
  EXPECT_THAT(text, Not(HasSubstr("images/s")));
  EXPECT_THAT(text, Not(HasSubstr("where the stages")));
}

TEST_F(ACaveat, ImitationThatTheRealWorkOutlastsIsSaid) {
  for (auto& device : scenario_.devices) device.flop_per_s = 8e9;
  scenario_.model.microbatch = 3;
  scenario_.workload.images = 7;
  const auto found = [&](Mode mode, double times) {
    scenario_.run.mode = mode;
    Summary summary(plan_.stages.size());
    for (const std::uint32_t images : {3U, 3U, 1U}) {
      for (std::uint32_t node = 1; node <= 2; ++node) {
        const auto cost = device_cost(scenario_, scenario_.devices[plan_.device_of({node}).value]).value();
        StageRecord stage;
        stage.cost.compute = Duration::from_seconds(
            cost.compute(plan_.stage({node}).layers, images).seconds() * (node == 2 ? times : 1.0));
        summary.add(NodeId{node}, stage);
      }
      CompletionRecord completion;
      completion.images = images;
      summary.add(completion);
    }
    summary.close(Time::zero() + Duration::s(100));
    std::string text;
    for (const auto& caveat : caveats_at_end({scenario_, plan_, summary, std::nullopt}))
      if (caveat.id == "compute_overrun") text = caveat.text;
    return text;
  };
  EXPECT_THAT(found(Mode::deploy, 3),
              MatchesRegex(".*the real work of board-b took (3.0|2.9). times as long.*"));
  EXPECT_THAT(found(Mode::emulate, 3), HasSubstr("board-b"));
  EXPECT_EQ(found(Mode::deploy, 1), "") << "as long as imitated";
  EXPECT_EQ(found(Mode::cosim, 3), "") << "virtual time";
  scenario_.run.compute = ComputeKind::measured;
  EXPECT_EQ(found(Mode::deploy, 3), "") << "nothing is imitated";
}

class ItsEnd : public ACaveat {
 protected:
  // The text of a caveat of a whole run; empty: the run has none of that id.
  std::string text_of(const std::string& id, Summary& summary, Time end) {
    summary.close(end);
    for (const auto& caveat : caveats_at_end({scenario_, plan_, summary, std::nullopt}))
      if (caveat.id == id) return caveat.text;
    return {};
  }
};

TEST_F(ItsEnd, LogitsThatAreNotNumbersAreCounted) {
  const auto text = [&](std::optional<std::uint32_t> second) {
    Summary summary(plan_.stages.size());
    CompletionRecord record;
    record.images = 2;
    for (const auto predicted : {std::optional<std::uint32_t>(3), second}) {
      ImageOutput output;
      output.predicted = predicted;
      output.logits_sha256 = "some logits";
      record.outputs.push_back(output);
    }
    summary.add(record);
    return text_of("not_finite", summary, Time::zero() + Duration::s(1));
  };
  EXPECT_EQ(text(7), "");
  EXPECT_THAT(text(std::nullopt), HasSubstr("the logits of 1 of 2 images hold a NaN or an infinity"));
}

// Half of 30 microbatches in time: the 95 % interval of 27 judged ones is wider than a share may be to tell.
TEST_F(ItsEnd, AShareOfTheTargetThatIsTooWideIsUntold) {
  scenario_.model.microbatch = 1;
  const auto text = [&](int microbatches, Duration second_half) {
    scenario_.workload.images = static_cast<std::uint64_t>(microbatches);
    Summary summary(plan_.stages.size(), 10);  // a period of 100 ms
    Time at = Time::zero();
    for (int i = 0; i < microbatches; ++i) {
      at = at + (i < microbatches / 2 ? Duration::ms(100) : second_half);
      CompletionRecord record;
      record.images = 1;
      record.completed = at;
      summary.add(record);
    }
    return text_of("target_untold", summary, at);
  };
  EXPECT_THAT(text(30, Duration::ms(300)), HasSubstr("27 microbatches are too few to tell"));
  EXPECT_EQ(text(30, Duration::ms(100)), "") << "all in time";
  EXPECT_EQ(text(1000, Duration::ms(300)), "") << "many";
  EXPECT_EQ(text(10, Duration::ms(300)), "") << "said before the run: too short for any share";
}

TEST_F(AHeadline, NoFigureIsRoundedToNothing) {
  Summary summary(plan_.stages.size());
  CompletionRecord record;
  record.images = 1;
  record.completed = Time::zero() + Duration::ns(40);
  summary.add(record);
  StageRecord stage;
  stage.cost.compute = Duration::us(20);
  summary.add(NodeId{1}, stage);
  TransferRecord transfer;
  transfer.size = Bytes(149);
  transfer.activation = true;
  transfer.values = 1'000'000;
  summary.add({1}, {2}, transfer);
  summary.close(Time::zero() + Duration::s(10'000));
  const std::optional<Error> failure;
  const auto text = summary_table(of(Mode::simulate), {scenario_, plan_, summary, failure});
  EXPECT_THAT(text,
              HasSubstr("1 image in 10000.000 s of virtual time: 0.0001 images/s; latency p50 4e-05 ms"));
  EXPECT_THAT(text, HasSubstr("2e-07 %")) << "20 us of 10000 s";
  EXPECT_THAT(text, HasSubstr(" 149 B "));
  EXPECT_THAT(text, HasSubstr(" 1.2e-07 ")) << "Mbit/s";
  EXPECT_THAT(text, HasSubstr(" 0.0012\n")) << "bits per value";
}

}  // namespace
}  // namespace millrace
