// A scenario as a planning problem: its costs are those of the run itself.
#include "sim/run/scenario_problem.hpp"

#include <gtest/gtest.h>

#include "runtime/model/device_profile.hpp"
#include "runtime/scenario/scenario_reader.hpp"
#include "tests/run/two_boards.hpp"

namespace millrace {
namespace {

class ScenarioProblem : public InAFolder {
 protected:
  PlanningProblem with_codec(const std::string& codec, const std::string& bits) const {
    write("board.yaml",
          "millrace_profile: 1\ndevice: board\nsource: made up\ncodec_ns_per_value: {encode: 1, decode: 2}\n"
          "codecs_ns_per_value:\n  klt: {encode: 100, decode: 50}\nmodels:\n  vit-tiny:\n    microbatch: 8\n"
          "    seconds: {attention: 0.1, attention_output: 0.1, mlp_up: 0.1, mlp_down: 0.1}\n");
    write("s.yaml",
          "millrace: 1\nname: codecs\nmodel: {name: vit-tiny, microbatch: 8}\n"
          "devices:\n  - {name: camera, runs: [source, sink]}\n  - {name: board-a, profile: board.yaml}\n"
          "network:\n  links:\n    - {between: [camera, board-a], rate: 10 Mbit/s}\n"
          "policy: {quantization: {kind: fixed, codec: " +
              codec + ", bits: " + bits + "}}\n");
    const auto read = read_scenario(path("s.yaml"));
    EXPECT_TRUE(read.scenario) << to_string(read.problems);
    auto problem = planning_problem_of(read.scenario.value());
    EXPECT_TRUE(problem.ok()) << (problem.ok() ? "" : problem.error().message);
    return std::move(problem).value();
  }
};

TEST_F(ScenarioProblem, ACodecIsChargedWhatTheProfileSaysOfIt) {
  constexpr double kValues = 8 * 197 * 192;  // ViT-Tiny between two blocks
  const PlanningProblem uniform = with_codec("uniform", "4"), klt = with_codec("klt", "3.1");
  EXPECT_NEAR(uniform.devices[1].encode_s[24], kValues * 1e-9, 1e-9);
  EXPECT_NEAR(uniform.devices[1].decode_s[24], kValues * 2e-9, 1e-9);
  EXPECT_NEAR(klt.devices[1].encode_s[24], kValues * 100e-9, 1e-9);
  EXPECT_NEAR(klt.devices[1].decode_s[24], kValues * 50e-9, 1e-9);
  EXPECT_EQ(uniform.devices[1].compute_s, klt.devices[1].compute_s);
}

TEST_F(ScenarioProblem, WhatCrossesACutIsTheCodecsSizeAndThePacketsHeaders) {
  constexpr double kValues = 8 * 197 * 192;
  const double four = with_codec("uniform", "4").codings.front().wire_bytes[24];
  const double klt = with_codec("klt", "3.1").codings.front().wire_bytes[24];
  // 52 bytes of headers in each packet of 1500, and less than 0.2 % of ranges and message header.
  EXPECT_NEAR(four, kValues / 2 * 1500 / 1448, kValues / 2 * 0.002);
  EXPECT_NEAR(klt, kValues * 3.1 / 8 * 1500 / 1448, kValues * 3.1 / 8 * 0.002);
}

// The planning problem's hop for the link from the camera to the board.
class ALossyLink : public InAFolder {
 protected:
  PlanningHop hop(const std::string& link, const std::string& events = "[]") const {
    write("s.yaml",
          "millrace: 1\nname: lossy\nmodel: {name: vit-tiny, microbatch: 8}\n"
          "devices:\n  - {name: camera, runs: [source, sink]}\n  - {name: board, speed: 2 GFLOP/s}\n"
          "network:\n  links:\n    - {from: camera, to: board, rate: 10 Mbit/s, " +
              link + "}\n    - {from: board, to: camera, rate: 10 Mbit/s}\nevents: " + events + "\n");
    const auto read = read_scenario(path("s.yaml"));
    EXPECT_TRUE(read.scenario) << to_string(read.problems);
    if (!read.scenario) return {};
    const auto problem = planning_problem_of(*read.scenario);
    EXPECT_TRUE(problem.ok()) << (problem.ok() ? "" : problem.error().message);
    return problem.ok() ? problem->hops.at(0).at(1) : PlanningHop();
  }
};

TEST_F(ALossyLink, CountsWithTheMeanOfItsTrace) {
  write("loss.csv", "time_s,loss\n0,1\n1,0\n3,0.5\n4,end\n");
  EXPECT_NEAR(hop("loss_trace: loss.csv").bit_per_s, 10e6 * (1 - 1.5 / 4), 1) << "not with its beginning, 1";
  write("later.csv", "time_s,loss\n0,0\n3,0.8\n4,end\n");
  EXPECT_NEAR(hop("loss_trace: later.csv").bit_per_s, 10e6 * (1 - 0.2), 1) << "not with its beginning, 0";
}

TEST_F(ALossyLink, CountsWithTheMeanOfItsEvents) {
  // The mean over 3 s with 0.2 and the second after the event with 0.6.
  EXPECT_NEAR(hop("loss: 0.2", "[{at: 3 s, from: camera, to: board, loss: 0.6}]").bit_per_s,
              10e6 * (1 - (3 * 0.2 + 0.6) / 4), 1);
  EXPECT_NEAR(hop("loss: 0.2").bit_per_s, 8e6, 1e-3);
}

TEST_F(ALossyLink, ADelayCountsWithItsMeanLikewise) {
  write("delay.csv", "time_s,delay_ms\n0,400\n1,0\n4,end\n");
  const double at_once = hop("delay: 0 ms").latency_s;
  EXPECT_NEAR(hop("delay_trace: delay.csv").latency_s - at_once, 0.1, 1e-9);
}

}  // namespace
}  // namespace millrace
