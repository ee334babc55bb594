#include "sim/trace/trace_statistics.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "sim/trace/trace_reader.hpp"

namespace millrace {
namespace {

LinkRate parse(std::string_view text) { return parse_trace(text, "t", {}).value(); }

TEST(TraceStatistics, BinsAreWholeSeconds) {
  const auto s = trace_statistics(parse("time_ms,rate_mbit_per_s\n0,10\n500,0\n2000,4\n3500,end\n"));
  EXPECT_EQ(s.duration, Duration::ms(3500));
  EXPECT_DOUBLE_EQ(s.mean_mbit_per_s, (5 + 0 + 4 + 2) / 3.5);
  EXPECT_DOUBLE_EQ(s.min_mbit_per_s, 0);
  EXPECT_DOUBLE_EQ(s.max_mbit_per_s, 5);
  EXPECT_DOUBLE_EQ(s.p5_mbit_per_s, 0.4);
  EXPECT_DOUBLE_EQ(s.idle_share, 1.0 / 3);
}

TEST(TraceStatistics, OpportunitiesCountInTheBinOfTheirMillisecond) {
  const auto s = trace_statistics(parse("0\n999\n1000\n2000\n2000\n2002\n"));
  EXPECT_DOUBLE_EQ(s.min_mbit_per_s, 0.012);
  EXPECT_DOUBLE_EQ(s.max_mbit_per_s, 0.024);
  EXPECT_DOUBLE_EQ(s.mean_mbit_per_s, 6 * 0.012 / 2.002);
}

TEST(TraceStatistics, AConstantRateIsItself) {
  const auto s = trace_statistics(BitRate::mbit(7));
  EXPECT_DOUBLE_EQ(s.mean_mbit_per_s, 7);
  EXPECT_DOUBLE_EQ(s.p5_mbit_per_s, 7);
  EXPECT_DOUBLE_EQ(s.idle_share, 0);
}

// One line of a CSV with double quotes around some fields.
std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> result(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      result.emplace_back();
    else
      result.back() += c;
  }
  return result;
}

void expect_near(const std::string& file, const std::string& column, double ours, const std::string& theirs) {
  const double unit = column == "duration_s" ? 0.1 : 0.001;  // the table's rounding
  EXPECT_NEAR(ours, std::stod(theirs), unit * 0.5 + 1e-9) << file << " " << column;
}

TEST(TraceStatistics, AgreeWithTheRecordingsOwn) {
  const std::filesystem::path folder = std::filesystem::path(MILLRACE_SOURCE_DIR) / "../shared/traces";
  std::ifstream table(folder / "STATS.csv");
  if (!table) GTEST_SKIP() << "needs ../shared/traces (recordings)";
  std::string line;
  std::getline(table, line);
  const auto header = fields(line);
  int checked = 0;
  while (std::getline(table, line)) {
    std::map<std::string, std::string> row;
    const auto values = fields(line);
    for (std::size_t i = 0; i < values.size(); ++i) row[header.at(i)] = values[i];
    const std::string format = row["format"];
    if (format == "leoreplayer-delay") continue;  // delays, not rates
    TraceReading reading;
    reading.series = row["series"];
    if (format == "solis-tsv") reading.row_interval = TraceRows::starting;
    const auto read = read_trace(folder / row["file"], reading);
    ASSERT_TRUE(read.ok()) << read.error().message;
    const auto s = trace_statistics(*read);
    expect_near(row["file"], "duration_s", s.duration.seconds(), row["duration_s"]);
    expect_near(row["file"], "mean_mbps", s.mean_mbit_per_s, row["mean_mbps"]);
    expect_near(row["file"], "min_mbps_1s", s.min_mbit_per_s, row["min_mbps_1s"]);
    expect_near(row["file"], "max_mbps_1s", s.max_mbit_per_s, row["max_mbps_1s"]);
    expect_near(row["file"], "p5_mbps_1s", s.p5_mbit_per_s, row["p5_mbps_1s"]);
    expect_near(row["file"], "idle_share_1s", s.idle_share, row["idle_share_1s"]);
    ++checked;
  }
  // 10 Mahimahi, 1 Starlink, 3 Lumos5G, 4 Wi-Fi, 2 Pensieve, 10 5Gophers, 4 G-NetTrack, 5 Sabre, 1 iperf3
  EXPECT_EQ(checked, 40);
}

TEST(TraceStatistics, TheTreesOwnTracesAreReadable) {
  int read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(MILLRACE_SOURCE_DIR "/traces")) {
    if (entry.path().extension() != ".csv") continue;
    const auto trace = read_trace(entry.path(), {});
    ASSERT_TRUE(trace.ok()) << trace.error().message;
    EXPECT_GT(trace_statistics(*trace).mean_mbit_per_s, 0) << entry.path();
    ++read;
  }
  EXPECT_GE(read, 4);
}

}  // namespace
}  // namespace millrace
