// The reader on `sweep:` blocks.
#include <gtest/gtest.h>

#include "runtime/scenario/scenario_reader.hpp"
#include "runtime/scenario/scenario_writer.hpp"
#include "runtime/scenario/sweep_fill.hpp"
#include "tests/sweep/sweep_file.hpp"

namespace millrace {
namespace {

using SweepBlock = SweepFiles;

TEST_F(SweepBlock, UnknownKeysAreNamedWithTheirPlace) {
  EXPECT_EQ(faults("  grid: {run.windw: [1]}\n"),
            "s.yaml:10:10: unknown key \"windw\" in run; did you mean \"window\"?\n");
}

TEST_F(SweepBlock, AGridNeedsLists) {
  EXPECT_EQ(faults("  grid: {run.window: 1}\n"),
            "s.yaml:10:10: run.window must have a list of values here, [a, b], got text\n");
  EXPECT_EQ(faults("  grid: {run.window: []}\n"),
            "s.yaml:10:10: run.window must have 1 to 10000 values here, got 0\n");
  EXPECT_EQ(faults("  grid: {run.window: [1, 1]}\n"), "s.yaml:10:10: run.window has the value 1 twice\n");
}

TEST_F(SweepBlock, EachBadValueIsOneLineAtItsPlace) {
  EXPECT_EQ(
      faults("  grid:\n"
             "    run.window: [1, 0]\n"
             "    network.links[0].rate: [5 Mbit/s, 5 MB/s]\n"),
      "s.yaml:11:21: run.window must be integer, 1 to 1024, got \"0\" (first in cell 3: window=0, "
      "rate=5 Mbit/s)\n"
      "s.yaml:12:39: network.links[0].rate is a rate in bits, and \"5 MB/s\" is in bytes: write 40 Mbit/s "
      "(first in cell 2: window=1, rate=5 MB/s)\n");
}

TEST_F(SweepBlock, ListsOfAZipHaveOneLength) {
  EXPECT_EQ(
      faults("  zip: {run.window: [1, 2], model.microbatch: [1]}\n"),
      "s.yaml:10:8: sweep.zip needs lists of one length: run.window has 2 values, model.microbatch has 1\n");
}

TEST_F(SweepBlock, TwoPartsDoNotSetOneKey) {
  EXPECT_NE(faults("  grid: {run.window: [1]}\n  zip: {run.window: [2]}\n")
                .find("run.window is set by sweep.grid and by sweep.zip; let one of them set it"),
            std::string::npos);
  EXPECT_NE(faults("  grid: {run.seed: [1, 2]}\n  replications: 2\n").find("run.seed is set by"),
            std::string::npos);
  EXPECT_NE(faults("  grid: {name: [x]}\n").find("name cannot be swept"), std::string::npos);
  EXPECT_NE(faults("  grid: {sweep.replications: [2]}\n").find("cannot be swept"), std::string::npos);
}

TEST_F(SweepBlock, VariantsHaveNamesOfTheirOwn) {
  EXPECT_NE(faults("  list:\n    - {name: a, set: {run.window: 1}}\n    - {name: a, set: {run.window: 2}}\n")
                .find("sweep.list[1].name \"a\" is there already"),
            std::string::npos);
}

TEST_F(SweepBlock, TooManyCellsAreAProblemAndNotAnAllocation) {
  std::string many = "[1";
  for (int i = 2; i <= 1000; ++i) many += ", " + std::to_string(i);
  EXPECT_EQ(faults("  grid: {run.window: " + many + "], model.microbatch: " + many + "]}\n"),
            "s.yaml:10:3: sweep has more than 100000 cells; make it smaller\n");
}

TEST_F(SweepBlock, AFileWithoutOneSaysSo) {
  const auto path = write("plain.yaml", kSmallScenario.substr(0, kSmallScenario.find("sweep:")));
  const auto read = read_sweep({.path = path});
  EXPECT_FALSE(read.plan);
  ASSERT_EQ(read.problems.size(), 1U);
  EXPECT_NE(read.problems[0].message.find("there is no sweep block"), std::string::npos);
}

TEST_F(SweepBlock, IsNoPartOfTheScenario) {
  const auto with = read_scenario(write("with.yaml", kSmallScenario + "  grid: {run.window: [1]}\n"));
  const auto without =
      read_scenario(write("without.yaml", kSmallScenario.substr(0, kSmallScenario.find("sweep:"))));
  ASSERT_TRUE(with.scenario && without.scenario);
  EXPECT_TRUE(with.sweep && !without.sweep);
  EXPECT_EQ(resolved_yaml(*with.scenario), resolved_yaml(*without.scenario));
}

// An override can set any value: texts that look like numbers, lists, maps, quotes.
TEST_F(SweepBlock, EveryKindOfValueArrives) {
  const auto read = plan(
      "  list:\n"
      "    - name: two\n"
      "      set:\n"
      "        policy.partition.kind: fixed\n"
      "        policy.partition.cuts: [16]\n"
      "        network.links[0]: {from: a, to: b, rate: \"3 Mbit/s\"}\n"
      "        network.links[1]: {from: b, to: a, rate: 4 Mbit/s}\n"
      "        expect: {throughput: \">= 0.5 /s\"}\n");
  ASSERT_TRUE(read.plan) << to_string(read.problems);
  const auto& scenario = read.plan->cells.at(0).scenario;
  EXPECT_EQ(scenario.policy.partition.cuts, std::vector{16});
  ASSERT_EQ(scenario.network.links.size(), 2U);
  EXPECT_EQ(scenario.network.links[0].rate, BitRate::mbit(3));
  EXPECT_EQ(scenario.expect.at(0).bound, 0.5);
}

TEST_F(SweepBlock, TracesAreLookedForBesideTheScenario) {
  write("t.csv", "time_s,rate_mbit_per_s\n0,5\n10,end\n");
  const auto read = plan("  grid:\n    network.links[0].trace: [t.csv]\n");
  ASSERT_TRUE(read.plan) << to_string(read.problems);
  EXPECT_EQ(read.plan->cells[0].scenario.network.links[0].trace, (folder / "t.csv").string());
  EXPECT_EQ(read.plan->cells[0].command[5], "network.links[0].trace=" + (folder / "t.csv").string());
}

TEST(OverrideValue, QuotesOnlyWhatNeedsIt) {
  YamlNode node;
  node.kind = YamlNode::Kind::text;
  const auto of = [&](const std::string& text, bool quoted) {
    node.text = text;
    node.quoted = quoted;
    return override_value(node);
  };
  EXPECT_EQ(of("5 Mbit/s", true), "5 Mbit/s");
  EXPECT_EQ(of("no", true), "\"no\"");
  EXPECT_EQ(of("7", true), "\"7\"");
  EXPECT_EQ(of("7", false), "7");
  EXPECT_EQ(of("[x", true), "\"[x\"");
  EXPECT_EQ(of(" x\"\\", true), "\" x\\\"\\\\\"");
}

}  // namespace
}  // namespace millrace
