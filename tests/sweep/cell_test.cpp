#include "sim/sweep/cell.hpp"

#include <gmock/gmock.h>

#include "tests/sweep/sweep_file.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;

class Cells : public SweepFiles {
 protected:
  std::vector<std::string> names(const std::string& block) const {
    const auto read = plan(block);
    std::vector<std::string> names;
    if (!read.plan) return {to_string(read.problems)};
    for (const auto& planned : read.plan->cells) names.push_back(planned.cell.name);
    return names;
  }
};

TEST_F(Cells, GridIsEveryCombinationTheFirstKeySlowest) {
  EXPECT_THAT(names("  grid: {run.window: [1, 2], model.microbatch: [4, 8]}\n"),
              ElementsAre("window=1, microbatch=4", "window=1, microbatch=8", "window=2, microbatch=4",
                          "window=2, microbatch=8"));
}

TEST_F(Cells, ZipGoesThroughItsListsTogether) {
  EXPECT_THAT(names("  zip: {run.window: [1, 2], model.microbatch: [4, 8]}\n"),
              ElementsAre("window=1, microbatch=4", "window=2, microbatch=8"));
}

TEST_F(Cells, PartsAreMultipliedAndReplicationsChangeFastest) {
  EXPECT_THAT(names("  list:\n"
                    "    - {name: exact, set: {policy.quantization.codec: fp32}}\n"
                    "    - {name: half, set: {policy.quantization.codec: fp16}}\n"
                    "  grid: {run.window: [1]}\n"
                    "  replications: 2\n"),
              ElementsAre("exact, window=1, seed=7", "exact, window=1, seed=8", "half, window=1, seed=7",
                          "half, window=1, seed=8"));
}

TEST_F(Cells, ABlockOfReplicationsAloneRepeatsTheScenario) {
  EXPECT_THAT(names("  replications: 2\n"), ElementsAre("base, seed=7", "base, seed=8"));
}

TEST_F(Cells, ReplicationsSetTheSeedOfTheRun) {
  const auto read = plan("  replications: 2\n", {"run.seed=40"});
  ASSERT_TRUE(read.plan) << to_string(read.problems);
  EXPECT_EQ(read.plan->cells[0].scenario.run.seed, 40U);
  EXPECT_EQ(read.plan->cells[1].scenario.run.seed, 41U);
  EXPECT_NE(read.plan->cells[0].key, read.plan->cells[1].key);
}

TEST(ShortKey, TakesAsMuchOfTheEndAsTellsKeysApart) {
  const std::vector<std::string> keys{"network.links[0].rate", "network.links[1].rate", "run.window", "name"};
  EXPECT_EQ(short_key(keys[0], keys), "links[0].rate");
  EXPECT_EQ(short_key(keys[2], keys), "window");
  EXPECT_EQ(short_key(keys[3], keys), "name");
}

}  // namespace
}  // namespace millrace
