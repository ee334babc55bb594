// Helpers of the sweep tests: a scenario with a sweep block, in a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "sim/sweep/sweep_plan.hpp"

namespace millrace {

inline const std::string kSmallScenario =
    "millrace: 1\n"                                             // 1
    "name: small\n"                                             // 2
    "model: {name: vit-tiny}\n"                                 // 3
    "devices:\n"                                                // 4
    "  - {name: a, runs: [source, stage], speed: 8 GFLOP/s}\n"  // 5
    "  - {name: b, runs: [stage, sink], speed: 8 GFLOP/s}\n"    // 6
    "network: {links: [{between: [a, b], rate: 10 Mbit/s}]}\n"  // 7
    "run: {mode: simulate, seed: 7}\n"                          // 8
    "sweep:\n";                                                 // 9

class SweepFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "millrace-sweep-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name) << text;
    return (folder / name).string();
  }
  ReadSweep plan(const std::string& block, std::vector<std::string> overrides = {}) const {
    return read_sweep({.path = write("s.yaml", kSmallScenario + block),
                       .overrides = std::move(overrides),
                       .folder = "out",
                       .program = "millrace"});
  }
  // One line per problem, without the folder.
  std::string faults(const std::string& block) const {
    std::string text = to_string(plan(block).problems);
    const std::string own = folder.string() + "/";
    for (auto at = text.find(own); at != std::string::npos; at = text.find(own)) text.erase(at, own.size());
    return text;
  }

  std::filesystem::path folder;
};

}  // namespace millrace
