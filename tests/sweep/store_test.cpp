#include "sim/sweep/store.hpp"

#include "sim/sweep/sweep_folder.hpp"
#include "sim/sweep/sweep_tables.hpp"
#include "tests/sweep/sweep_file.hpp"

namespace millrace {
namespace {

class Stores : public SweepFiles {
 protected:
  void SetUp() override {
    SweepFiles::SetUp();
    auto read = plan("  grid:\n    network.links[0].rate: [5 Mbit/s, 6 Mbit/s]\n  replications: 2\n");
    ASSERT_TRUE(read.plan) << to_string(read.problems);
    sweep = std::move(*read.plan);
  }
  SweepStore open() const {
    auto store = SweepStore::open(path());
    EXPECT_TRUE(store) << store.error().message;
    EXPECT_TRUE(store->describe(sweep, "s.yaml"));
    return std::move(*store);
  }
  std::string path() const { return (folder / "sweep.sqlite").string(); }
  FinishedRun run_of(std::size_t cell, double throughput) const {
    auto summary =
        parse_summary("{\"complete\": true, \"throughput_images_per_s\": " + std::to_string(throughput) +
                      ", \"latency_ms\": {\"p50\": 1, \"p95\": null}}");
    return {"runs/x", sweep.cells[cell].key, std::move(*summary), "2026-01-01T00:00:00Z", "millrace run",
            0.5};
  }
  SweepPlan sweep;
};

TEST_F(Stores, KeepResultsOverBeingClosed) {
  ASSERT_TRUE(open().record(run_of(1, 4), 0));
  auto again = open();
  EXPECT_EQ(again.finished_keys().value(), std::set{sweep.cells[1].key});
  const auto rows = again.rows().value();
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_TRUE(rows[1].finished && !rows[0].finished);
  EXPECT_EQ(rows[1].figures[0], 4.0);
  EXPECT_FALSE(rows[1].figures[2]) << "a null figure has no value";
}

TEST_F(Stores, AFailureIsThereUntilThereIsAResult) {
  auto store = open();
  ASSERT_TRUE(store.record({sweep.cells[0].key, "", 6, std::nullopt, "the peer, \"b\", is gone", "log"}));
  EXPECT_TRUE(store.rows().value()[0].failed);
  EXPECT_NE(cells_csv(sweep, store.rows().value()).find("\"the peer, \"\"b\"\", is gone\""),
            std::string::npos);
  EXPECT_TRUE(store.finished_keys().value().empty()) << "it is tried again";
  ASSERT_TRUE(store.record(run_of(0, 4), std::nullopt));
  const auto row = store.rows().value()[0];
  EXPECT_TRUE(row.finished && !row.failed && !row.exit_code);
}

TEST_F(Stores, BelongToTheFileThatMadeThem) {
  auto store = SweepStore::open(path()).value();
  const auto mine = write("mine.yaml", "mine"), other = write("other.yaml", "other");
  ASSERT_TRUE(store.belongs_to(mine)) << "no file has made it yet";
  ASSERT_TRUE(store.describe(sweep, mine));
  EXPECT_TRUE(store.belongs_to(mine));
  write("mine.yaml", "edited");
  EXPECT_TRUE(store.belongs_to(mine)) << "an edited file continues its sweep";
  const auto refused = store.belongs_to(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::usage);
  EXPECT_EQ(refused.error().message,
            "it holds the sweep of " + mine + ", whose tables that of " + other +
                " would replace; choose another folder with --out, give the scenario "
                "another name, or go on here with --take-over");
  EXPECT_TRUE(store.belongs_to(write("copy.yaml", "mine"))) << "the same text in another place";
  std::filesystem::remove(mine);
  EXPECT_TRUE(store.belongs_to(other)) << "moved, and edited since";
}

TEST_F(Stores, ASummaryWithAKeyTwiceIsRefused) {
  const auto twice = parse_summary("{\"complete\": true, \"links\": [], \"links\": []}");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message, "has the key \"links\" twice in one object");
}

TEST_F(Stores, ResultsOfCellsThatLeftTheBlockStay) {
  ASSERT_TRUE(open().record(run_of(3, 4), 0));
  const auto old = sweep.cells[3].key;
  sweep.cells.resize(2);
  auto store = open();
  EXPECT_EQ(store.rows().value().size(), 2U);
  EXPECT_TRUE(store.finished_keys().value().contains(old));
}

TEST_F(Stores, AnotherProgramsFileIsLeftAlone) {
  ASSERT_TRUE(Sqlite::open(path())->run("CREATE TABLE theirs (x)"));
  const auto refused = SweepStore::open(path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::usage);
  write("sweep.sqlite", std::string(5000, 'x'));
  EXPECT_FALSE(SweepStore::open(path()));
}

TEST_F(Stores, AnotherVersionIsRefused) {
  open();
  ASSERT_TRUE(Sqlite::open(path())->run("PRAGMA user_version = 2"));
  const auto refused = SweepStore::open(path());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("version 2"), std::string::npos);
}

TEST_F(Stores, GroupsHaveMeansAndConfidence) {
  auto store = open();
  ASSERT_TRUE(store.record(run_of(0, 4), 0) && store.record(run_of(1, 6), 0) &&
              store.record(run_of(2, 7), 0));
  const auto csv = groups_csv(sweep, store.rows().value());
  // mean 5, half width t(0.975, 1) · sqrt(2) / sqrt(2) = 12.706
  EXPECT_NE(csv.find("\nrate=5 Mbit/s,5 Mbit/s,2,5,12.706"), std::string::npos) << csv;
  EXPECT_NE(csv.find("\nrate=6 Mbit/s,6 Mbit/s,1,7,,1,,"), std::string::npos) << csv;
}

TEST_F(Stores, AFolderIsSweptByOneProcessAtATime) {
  const auto first = SweepFolder::open((folder / "sweep").string());
  ASSERT_TRUE(first);
  const auto second = SweepFolder::open((folder / "sweep").string());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ExitCode::usage);
  EXPECT_NE(second.error().message.find("process " + std::to_string(getpid())), std::string::npos);
}

TEST(Summaries, AreReadStrictlyEnough) {
  EXPECT_FALSE(parse_summary(""));
  EXPECT_FALSE(parse_summary("{\"complete\": tr"));
  EXPECT_FALSE(parse_summary("[]"));
  EXPECT_FALSE(parse_summary("{\"complete\": 1}"));
  const auto odd =
      parse_summary(R"({"complete": true, "links": 5, "stages": [3, {"device": 4}], "accuracy": {}})");
  ASSERT_TRUE(odd);
  EXPECT_FALSE(odd->figures[0]);
}

// Bits between stages, without the source's; accuracy as a share.
TEST(Summaries, GiveTheFigures) {
  const auto read = parse_summary(
      R"({"complete": true, "accuracy": {"top1_correct": 3, "count": 4},
          "stages": [{"device": "a"}, {"device": "b"}],
          "links": [{"from": "camera", "to": "a", "bytes": 1000000, "bits_per_value_mean": 8},
                    {"from": "a", "to": "b", "bytes": 500000, "bits_per_value_mean": 4.5}]})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->figures[4], 0.75);
  EXPECT_EQ(read->figures[5], 4.5);
  EXPECT_EQ(read->figures[6], 1.5);
}

}  // namespace
}  // namespace millrace
