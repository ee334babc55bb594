// `simulate` on the fluid network must stay cheap enough for sweeps of thousands of runs, and linear in its
// size.
#include <fmt/format.h>

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

double run(int stages, int microbatches) {
  const TemporaryFolder folder;
  const auto file = folder.path() + "/chain.yaml";
  write_file(file, pipeline_of(stages, microbatches));
  std::vector<double> seconds;
  for (int i = 0; i < 5; ++i) {
    seconds.push_back(process_seconds({program("millrace"), "run", file, "--out", folder.path() + "/run"}));
  }
  return median(seconds);
}

}  // namespace

void bench_simulate(Report& report) {
  for (const auto& [stages, microbatches] : {std::pair(4, 1000), std::pair(16, 250), std::pair(16, 1000)}) {
    report.add({fmt::format("simulate.{}x{}.seconds", stages, microbatches), run(stages, microbatches), "s",
                "stages x microbatches, process start included"});
  }
}

}  // namespace millrace::bench
