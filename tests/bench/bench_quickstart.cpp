// The time a user waits: whole processes, from start to end, on the quickstart scenario.
#include "tests/bench/bench.hpp"
#include "tests/bench/process.hpp"

namespace millrace::bench {

namespace {

const std::string kQuickstart = MILLRACE_SOURCE_DIR "/scenarios/quickstart.yaml";

double run(const std::string& mode) {
  const TemporaryFolder folder;
  return process_seconds(
      {program("millrace"), "run", kQuickstart, "--mode", mode, "--out", folder.path() + "/run"});
}

double median_of(int runs, const std::string& mode) {
  std::vector<double> seconds;
  for (int i = 0; i < runs; ++i) seconds.push_back(run(mode));
  return median(seconds);
}

}  // namespace

void bench_quickstart(Report& report) {
  report.add(
      {"quickstart.simulate.seconds", median_of(5, "simulate"), "s", "process start included; at most 1"});
  report.add({"quickstart.cosim.seconds", median_of(1, "cosim"), "s", "process start included; at most 60"});
}

}  // namespace millrace::bench
