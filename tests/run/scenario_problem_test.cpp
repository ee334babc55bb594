// A scenario as a planning problem: its numbers are those the run itself is charged.
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

}  // namespace
}  // namespace millrace
