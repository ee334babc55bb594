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
      "workload.images=9", "--set", "network.links[0].rate=5 Mbit/s", "--out",   cell.directory};
  EXPECT_EQ(cell.command, expected);
}

TEST_F(SweepPlans, AProblemOfTheScenarioItselfIsListedOnce) {
  EXPECT_EQ(faults("  grid: {run.window: [1, 2, 3]}\nexpect: {accuracy: 1}\n"),
            "s.yaml:11:20: expect.accuracy must begin with >= or <=, got \"1\"\n");
}

}  // namespace
}  // namespace millrace
