// Each documented limitation is found in the runs to which it applies, and in no others.
#include "sim/run/limitations.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/scenario/scenario_reader.hpp"
#include "sim/run/scenario_plan.hpp"
#include "tests/run/two_boards.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Limitations : public InAFolder {
 protected:
  Scenario scenario(const std::vector<std::string>& overrides = {}) const {
    const std::string text =
        "millrace: 1\nname: s\nmodel: {name: vit-tiny, microbatch: 4}\nworkload: {microbatches: 40}\n"
        "devices:\n  - {name: camera, runs: [source, sink]}\n  - {name: a, speed: 8 GFLOP/s}\n"
        "  - {name: b, speed: 8 GFLOP/s}\n  - {name: c, speed: 1 GFLOP/s}\nnetwork:\n  links:\n"
        "    - {between: [camera, a], rate: 20 Mbit/s, delay: 1 ms}\n"
        "    - {between: [a, b], rate: 20 Mbit/s, delay: 1 ms}\n"
        "    - {between: [b, camera], rate: 20 Mbit/s, delay: 1 ms}\n"
        "    - {between: [b, c], rate: 20 Mbit/s, delay: 1 ms}\n"
        "policy: {partition: {kind: fixed, cuts: [24], devices: [a, b]}}\nrun: {mode: simulate}\n";
    const auto read = read_scenario_text(text, path("s.yaml"), "", {.overrides = overrides});
    EXPECT_TRUE(read.scenario) << to_string(read.problems);
    return read.scenario.value();
  }
  static std::vector<std::string> ids_of(const Scenario& of) {
    const auto plan = make_scenario_plan(of);
    EXPECT_TRUE(plan.ok()) << (plan.ok() ? "" : plan.error().message);
    std::vector<std::string> found;
    for (const auto& one : limitations_of(of, *plan)) {
      EXPECT_THAT(one.text, Not(HasSubstr(". "))) << "one sentence";
      found.push_back(one.id);
    }
    return found;
  }
  std::vector<std::string> ids(const std::vector<std::string>& overrides = {}) const {
    return ids_of(scenario(overrides));
  }
};

TEST_F(Limitations, APlainRunTouchesNone) {
  EXPECT_THAT(ids(), IsEmpty());
  EXPECT_THAT(ids({"run.mode=cosim"}), IsEmpty());
  EXPECT_THAT(ids({"network.transport=raw"}), IsEmpty());
}

TEST_F(Limitations, LossCountsInTheFluidNetworkAndOnLinksInUse) {
  EXPECT_THAT(ids({"network.links[1].loss=0.01"}), ElementsAre("fluid_loss"));
  EXPECT_THAT(ids({"network.links[1].loss=0.01", "run.mode=cosim"}), IsEmpty()) << "ns-3 loses packets";
  EXPECT_THAT(ids({"network.links[3].loss=0.01"}), IsEmpty()) << "the pipeline does not use this link";
  EXPECT_THAT(ids({"events=[{at: 1 s, link: a-b, loss: 0.2}]"}), ElementsAre("fluid_loss"));
  const auto plan = make_scenario_plan(scenario());
  const auto found = limitations_of(scenario({"network.links[1].loss=0.01"}), *plan);
  EXPECT_THAT(found.at(0).text, HasSubstr("packets are lost on link a -> b and 1 more"));
  EXPECT_THAT(found.at(0).text, HasSubstr("several seeds"));
  const auto bare = limitations_of(scenario({"network.links[1].loss=0.01", "network.transport=raw"}), *plan);
  EXPECT_THAT(bare.at(0).text, HasSubstr("1/(1 - loss)"));
}

TEST_F(Limitations, OutagesCountFromARetransmissionTimerOn) {
  write("out.csv", "time_s,rate_mbit_per_s\n0,20\n1,0\n1.5,20\n4,end\n");
  write("short.csv", "time_s,rate_mbit_per_s\n0,20\n1,0\n1.1,20\n4,end\n");
  const auto traced = [&](const std::string& file) {
    return "network.links[1]={between: [a, b], trace: '" + path(file) + "', delay: 1 ms}";
  };
  EXPECT_THAT(ids({traced("out.csv")}), ElementsAre("fluid_outage"));
  EXPECT_THAT(ids({traced("short.csv")}), IsEmpty());
}

TEST_F(Limitations, WhatTheFluidNetworkLeavesOutIsSaid) {
  EXPECT_THAT(ids({"network.links[1].queue_discipline=codel"}), ElementsAre("fluid_queue"));
  EXPECT_THAT(ids({"network.cross_traffic=[{from: a, to: b, kind: tcp-bulk}]"}),
              ElementsAre("fluid_cross_traffic"));
  EXPECT_THAT(ids({"network.cross_traffic=[{from: b, to: c, kind: tcp-bulk}]"}), IsEmpty())
      << "it shares no link with the pipeline";
  const std::string lan =
      "network.segments=[{name: lan, kind: csma, members: [camera, a, b], rate: 100 Mbit/s}]";
  EXPECT_THAT(ids({"network.links=[{between: [b, c], rate: 1 Mbit/s}]", lan}), ElementsAre("fluid_medium"));
  const std::string trunk =
      "network.links=[{between: [camera, c], rate: 50 Mbit/s}, {between: [c, a], rate: 20 Mbit/s}, {between: "
      "[c, "
      "b], rate: 20 Mbit/s}]";
  EXPECT_THAT(ids({trunk, "network.transport=raw", "policy.partition.devices=[a, b]"}), IsEmpty());
  EXPECT_THAT(ids({"events=[{at: 1 s, link: a-b, delay: 0.1 ms}]"}), ElementsAre("no_reordering"));
  EXPECT_THAT(ids({"events=[{at: 1 s, link: a-b, delay: 3 ms}]"}), IsEmpty()) << "longer";
}

TEST_F(Limitations, WhatNs3IsKnownForIsSaid) {
  EXPECT_THAT(ids({"network.tcp=bbr", "run.mode=cosim"}), IsEmpty());
  const std::string air =
      "network.segments=[{name: air, kind: wifi, standard: 802.11n, members: [camera, a, b], distance: 5 m}]";
  EXPECT_THAT(ids({"network.links=[{between: [b, c], rate: 1 Mbit/s}]", air, "run.mode=cosim"}),
              ElementsAre("wifi_model"));
}

TEST_F(Limitations, BarePacketsOfHopsThatShareALinkMixInReality) {
  // From a to c and on to b behind a: the link c -> a carries the input and an activation.
  const std::vector<std::string> shared{
      "network.links=[{between: [camera, c], rate: 20 Mbit/s}, {between: [c, a], rate: 20 Mbit/s}, {between: "
      "[a, b], rate: 20 Mbit/s}]",
      "policy.partition.cuts=[24, 36]", "policy.partition.devices=[a, c, b]"};
  EXPECT_THAT(ids(shared), IsEmpty()) << "flows of TCP share fairly";
  auto raw = shared;
  raw.emplace_back("network.transport=raw");
  EXPECT_THAT(ids(raw), ElementsAre("fluid_merge"));
  raw.emplace_back("run.mode=cosim");
  EXPECT_THAT(ids(raw), IsEmpty()) << "ns-3 has packets";
}

TEST_F(Limitations, ManySendersOnAMediumOfNs3AreSaid) {
  const auto of_boards = [&](const std::string& boards) {
    const std::string names = "b1, b2, b3, b4" + boards;
    std::string devices = "devices=[{name: camera, runs: [source, sink]}";
    for (std::size_t at = 0; at < names.size(); at += 4)
      devices += ", {name: " + names.substr(at, 2) + ", speed: 8 GFLOP/s}";
    return ids({devices + "]", "policy.partition={kind: even}", "run.mode=cosim",
                "network={segments: [{name: lan, kind: csma, members: [camera, " + names +
                    "], rate: 100 Mbit/s}]}"});
  };
  EXPECT_THAT(of_boards(""), IsEmpty()) << "five senders share alike";
  EXPECT_THAT(of_boards(", b5"), ElementsAre("ns3_medium"));
}

TEST_F(Limitations, CostsThatWereNotMeasuredAreSaid) {
  const std::string profile = MILLRACE_SOURCE_DIR "/scenarios/profiles/minnowboard-e3845.yaml";
  const auto of_model = [&](const std::string& model, const std::string& microbatch) {
    return ids({"devices[1]={name: a, profile: " + profile + "}", "model.name=" + model,
                "model.microbatch=" + microbatch});
  };
  EXPECT_THAT(of_model("vit-base", "8"), IsEmpty());
  EXPECT_THAT(of_model("vit-base", "4"), ElementsAre("costs_extrapolated"));
  EXPECT_THAT(of_model("vit-huge", "8"), ElementsAre("costs_derived"));
}

TEST_F(Limitations, PaddingThatProfilesChargeForIsSaid) {
  auto of = scenario({"model.name=bert-base"});
  EXPECT_THAT(ids_of(of), IsEmpty());
  of.workload.dataset = "tokens:sentences.safetensors";
  EXPECT_THAT(ids_of(of), ElementsAre("costs_of_padding"));
}

TEST_F(Limitations, JointPlansTakeLossesForIndependent) {
  auto of = scenario();
  auto plan = make_scenario_plan(of).value();
  of.policy.partition.kind = "joint";
  plan.stages[0].bits = 4;
  EXPECT_THAT(limitations_of(of, plan), IsEmpty()) << "one cut";
  plan.stages[1].bits = 4;
  ASSERT_EQ(limitations_of(of, plan).size(), 1U);
  EXPECT_EQ(limitations_of(of, plan)[0].id, "joint_assumption");
}

TEST_F(Limitations, APolicyWhoseWindowIsNoShorterThanTheRunNeverAdapts) {
  const auto policy = [](const std::string& kind, int window) {
    return fmt::format("policy.quantization={{kind: {}, codec: ds-aciq, target_rate: 5 /s{}}}", kind,
                       window > 0 ? fmt::format(", window: {}", window) : "");
  };
  for (const std::string kind : {"heuristic", "max-fit", "controller"}) {
    EXPECT_THAT(ids({policy(kind, 40)}), ElementsAre("policy_never_adapts")) << kind;
    EXPECT_THAT(ids({policy(kind, 39)}), IsEmpty()) << kind;
    EXPECT_THAT(ids({policy(kind, 10), "workload.images=36"}),
                ElementsAre("policy_never_adapts", "target_too_short"))
        << kind;
  }
  EXPECT_THAT(ids({policy("deadline", 0)}), IsEmpty());
  EXPECT_THAT(ids({policy("deadline", 0), "workload.images=4"}),
              ElementsAre("policy_never_adapts", "target_too_short"));
  EXPECT_THAT(ids({policy("max-fit", 50), "policy.partition={kind: even, devices: [a]}"}), IsEmpty())
      << "nothing is quantized";
}

TEST_F(Limitations, PlansByTheMeanOfWhatChangesAreSaid) {
  EXPECT_THAT(ids({"policy.partition={kind: pipedream, devices: [a, b]}", "network.links[1].loss=0.01"}),
              ElementsAre("fluid_loss", "plan_by_mean"));
  EXPECT_THAT(ids({"policy.partition={kind: pipedream, devices: [a, b]}"}), IsEmpty());
}

}  // namespace
}  // namespace millrace
