#include "sim/sweep/sweep_plan.hpp"

#include "tests/sweep/sweep_file.hpp"

namespace millrace {
namespace {

using SweepPlans = SweepFiles;

TEST_F(SweepPlans, CommandsAreOrdinaryRuns) {
  const auto read = plan("  grid:\n    network.links[0].rate: [5 Mbit/s]\n", {"workload.images=9"});
  ASSERT_TRUE(read.plan) << to_string(read.problems);
  const auto& cell = read.plan->cells.at(0);
  EXPECT_EQ(cell.directory, "out/runs/rate=5_Mbit_s-" + cell.key.substr(0, 12));
  const std::vector<std::string> expected{
      "millrace",          "run",   (folder / "s.yaml").string(),     "--quiet", "--set",
      "workload.images=9", "--set", "network.links[0].rate=5 Mbit/s", "--out",   cell.directory,
      "--overwrite"};
  EXPECT_EQ(cell.command, expected);
}

// Keys and processes do not affect a cell's results: its cell key is the same with and without them.
TEST_F(SweepPlans, OptionsGoToTheCellsThatHaveAUseForThem) {
  const std::string block =
      "  list:\n"
      "    - {name: remote, set: {run.mode: deploy, 'devices[0].address': '192.0.2.1:7000',\n"
      "                           'devices[1].address': '192.0.2.2:7000'}}\n"
      "    - {name: local, set: {run.mode: cosim}}\n"
      "    - {name: simulated, set: {run.mode: simulate}}\n";
  const SweepFile plain{.path = write("s.yaml", kSmallScenario + block), .folder = "out"};
  auto guarded = plain;
  guarded.keys = "my keys/host";
  guarded.isolate = true;
  const auto without = read_sweep(plain), with = read_sweep(guarded);
  ASSERT_TRUE(without.plan && with.plan) << to_string(with.problems);
  const std::vector<std::vector<std::string>> added{{"--keys", "my keys/host"}, {"--isolate"}, {}};
  for (std::size_t i = 0; i < added.size(); ++i) {
    auto expected = without.plan->cells.at(i).command;
    expected.insert(expected.begin() + 4, added[i].begin(), added[i].end());
    EXPECT_EQ(with.plan->cells.at(i).command, expected);
    EXPECT_EQ(with.plan->cells.at(i).key, without.plan->cells.at(i).key);
  }
  EXPECT_TRUE(with.plan->uses("--keys"));
  EXPECT_FALSE(without.plan->uses("--keys"));
}

TEST_F(SweepPlans, AProblemOfTheScenarioItselfIsListedOnce) {
  EXPECT_EQ(faults("  grid: {run.window: [1, 2, 3]}\nexpect: {accuracy: 1}\n"),
            "s.yaml:11:20: expect.accuracy must begin with >= or <=, got \"1\"\n");
}

}  // namespace
}  // namespace millrace
