// `simulate` on the fluid network must stay cheap enough for sweeps of thousands of runs, and linear in its
// size: a table of stages x microbatches, and the straight line through it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/bench/bench.hpp"
#include "tests/bench/process.hpp"

namespace millrace::bench {

namespace {

std::string pipeline_of(int stages, int microbatches) {
  std::string devices = "  - {name: camera, runs: [source, sink]}\n";
  std::string links = "    - {between: [camera, d1], rate: 1 Gbit/s, delay: 0.2 ms}\n";
  for (int i = 1; i <= stages; ++i) {
    devices += fmt::format("  - {{name: d{}, speed: 10 GFLOP/s}}\n", i);
    const auto next = i < stages ? fmt::format("d{}", i + 1) : std::string("camera");
    if (stages > 1 || i > 1)
      links += fmt::format("    - {{between: [d{}, {}], rate: 1 Gbit/s, delay: 0.2 ms}}\n", i, next);
  }
  return fmt::format(
      "millrace: 1\nname: chain\nmodel: {{name: vit-large, weights: random, microbatch: 8}}\n"
      "workload: {{dataset: synthetic, images: {}}}\ndevices:\n{}network:\n  kind: fluid\n  links:\n{}"
      "policy: {{partition: {{kind: even}}, quantization: {{kind: fixed, codec: fp32, bits: 32}}}}\n"
      "run: {{mode: simulate, seed: 1, compute: profile}}\n",
      microbatches * 8, devices, links);
}

// Each figure is the least of five: on a shared machine the others include other processes' load.
ProcessCost run(int stages, int microbatches) {
  const TemporaryFolder folder;
  const auto file = folder.path() + "/chain.yaml";
  write_file(file, pipeline_of(stages, microbatches));
  ProcessCost least{1e9, 1e9};
  for (int i = 0; i < 5; ++i) {
    const auto cost = process_cost({program("millrace"), "run", file, "--out", folder.path() + "/run"});
    least = {std::min(least.wall_s, cost.wall_s), std::min(least.cpu_s, cost.cpu_s)};
  }
  return least;
}

constexpr std::array kStages = {2, 4, 8, 16};
constexpr std::array kMicrobatches = {125, 250, 500, 1000, 2000};

struct Cell {
  double steps = 0;  // stages x microbatches
  double wall_s = 0, cpu_s = 0;
};
struct Line {
  double start_s = 0, step_s = 0;
  double worst = 0;  // largest relative deviation of a cell
};

// The line of processor time, by least squares of relative errors, so that small cells count as much as large
// ones.
Line fitted(const std::vector<Cell>& cells) {
  double ww = 0, wx = 0, xx = 0, wy = 0, xy = 0;
  for (const Cell& cell : cells) {
    const double weight = 1 / (cell.cpu_s * cell.cpu_s);
    ww += weight;
    wx += weight * cell.steps;
    xx += weight * cell.steps * cell.steps;
    wy += weight * cell.cpu_s;
    xy += weight * cell.steps * cell.cpu_s;
  }
  Line line;
  line.step_s = (ww * xy - wx * wy) / (ww * xx - wx * wx);
  line.start_s = (wy - line.step_s * wx) / ww;
  for (const Cell& cell : cells) {
    const double expected = line.start_s + line.step_s * cell.steps;
    line.worst = std::max(line.worst, std::abs(cell.cpu_s / expected - 1));
  }
  return line;
}

void print_table(const std::vector<Cell>& cells, const Line& line) {
  fmt::print(
      "\nwall seconds, and us of processor time per stage and microbatch beyond the {:.0f} ms of "
      "starting\n{:<12}",
      line.start_s * 1e3, "stages");
  for (const int microbatches : kMicrobatches) fmt::print("{:>20}", fmt::format("{} mb", microbatches));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i % kMicrobatches.size() == 0) fmt::print("\n{:<12}", kStages.at(i / kMicrobatches.size()));
    const Cell& cell = cells[i];
    fmt::print("{:>20}",
               fmt::format("{:.3f}  {:>6.2f}", cell.wall_s, (cell.cpu_s - line.start_s) / cell.steps * 1e6));
  }
  fmt::print("\n\n");
}

}  // namespace

void bench_simulate(Report& report) {
  std::vector<Cell> cells;
  double cpu_of_bar = 0;
  for (const int stages : kStages) {
    for (const int microbatches : kMicrobatches) {
      const ProcessCost cost = run(stages, microbatches);
      cells.push_back({static_cast<double>(stages) * microbatches, cost.wall_s, cost.cpu_s});
      const bool bar = stages == 16 && microbatches == 1000;
      if (bar) cpu_of_bar = cost.cpu_s;
      report.add({fmt::format("simulate.{}x{}.seconds", stages, microbatches), cost.wall_s, "s",
                  bar ? "stages x microbatches, process start included: at most 0.5 s"
                      : "stages x microbatches, process start included"});
    }
  }
  report.add({"simulate.16x1000.cpu_seconds", cpu_of_bar, "s", "its processor time"});
  const Line line = fitted(cells);
  print_table(cells, line);
  report.add({"simulate.start.seconds", line.start_s, "s",
              "processor time of the fitted line: what no microbatch costs"});
  report.add({"simulate.stage_microbatch.us", line.step_s * 1e6, "us", "processor time of the fitted line"});
  report.add({"simulate.linear.worst_deviation", line.worst, "", "of a cell from the fitted line, share"});
}

}  // namespace millrace::bench
