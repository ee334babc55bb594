#include "sim/sweep/cell_key.hpp"

#include "tests/sweep/sweep_file.hpp"

namespace millrace {
namespace {

class CellKeys : public SweepFiles {
 protected:
  std::string key(const std::string& block = "  grid: {run.window: [1]}\n",
                  const std::vector<std::string>& overrides = {}) const {
    const auto read = plan(block, overrides);
    EXPECT_TRUE(read.plan) << to_string(read.problems);
    return read.plan ? read.plan->cells.at(0).key : "";
  }
  std::string key_with_trace(const std::string& name) const {
    return key("  grid:\n    network.links[0].trace: [" + name + "]\n");
  }
};

TEST_F(CellKeys, AreStable) { EXPECT_EQ(key(), key()); }

TEST_F(CellKeys, ChangeWithWhatIsSweptAndWithTheScenario) {
  EXPECT_NE(key(), key("  grid: {run.window: [2]}\n"));
  EXPECT_NE(key(), key("  grid: {run.window: [1]}\n", {"workload.images=9"}));
  EXPECT_NE(key(), key("  grid: {run.window: [1]}\n", {"network.kind=ns3"}));
}

TEST_F(CellKeys, DoNotDependOnHowAValueIsWritten) {
  EXPECT_EQ(key("  grid: {run.timeout: [1 s]}\n"), key("  grid: {run.timeout: [1000 ms]}\n"));
}

TEST_F(CellKeys, ChangeWhenTheContentOfATraceChanges) {
  write("t.csv", "time_s,rate_mbit_per_s\n0,5\n10,end\n");
  const auto before = key_with_trace("t.csv");
  write("t.csv", "time_s,rate_mbit_per_s\n0,6\n10,end\n");
  EXPECT_NE(key_with_trace("t.csv"), before);
  write("t.csv", "time_s,rate_mbit_per_s\n0,5\n10,end\n");
  EXPECT_EQ(key_with_trace("t.csv"), before);
}

TEST_F(CellKeys, DoNotDependOnWhereAFileLies) {
  write("t.csv", "time_s,rate_mbit_per_s\n0,5\n10,end\n");
  write("elsewhere.csv", "time_s,rate_mbit_per_s\n0,5\n10,end\n");
  EXPECT_EQ(key_with_trace("t.csv"), key_with_trace("elsewhere.csv"));
}

TEST(CellKey, ChangesWithTheBinaryAndWithAnyInput) {
  const NamedHashes inputs{{"/t/a", "11"}, {"/t/b", "22"}};
  const auto key = cell_key("trace: \"/t/a\"\n", inputs, {{"millrace", "aa"}});
  EXPECT_NE(key, cell_key("trace: \"/t/a\"\n", inputs, {{"millrace", "bb"}}));
  EXPECT_NE(key, cell_key("trace: \"/t/a\"\n", inputs, {{"millrace", "aa"}, {"millrace-node", "cc"}}));
  EXPECT_NE(key, cell_key("trace: \"/t/a\"\n", {{"/t/a", "11"}, {"/t/b", "23"}}, {{"millrace", "aa"}}));
}

TEST(CellKey, KnowsAPathThatIsTheBeginningOfAnother) {
  const std::string text = "a: \"/t/x\"\nb: \"/t/x.csv\"\n";
  EXPECT_NE(cell_key(text, {{"/t/x", "11"}, {"/t/x.csv", "22"}}, {}),
            cell_key(text, {{"/t/x", "22"}, {"/t/x.csv", "11"}}, {}));
}

}  // namespace
}  // namespace millrace
