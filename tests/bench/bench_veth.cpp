// One shaped link between two namespaces, bandwidth-bound: the application's share of its rate. Needs root;
// skipped otherwise.
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/bench/bench.hpp"
#include "tests/bench/process.hpp"

namespace millrace::bench {
namespace {

// 532 kB of fp32 activations per microbatch over the link, for a few milliseconds of arithmetic.
constexpr const char* kScenario = R"(millrace: 1
name: veth
model: {{name: vit-mini, weights: random, blocks: 1, width: 32, heads: 2, mlp_width: 32, microbatch: 64}}
workload: {{dataset: synthetic, microbatches: {microbatches}}}
devices:
  - {{name: camera, runs: [source, sink]}}
  - {{name: a, speed: 1000 GFLOP/s}}
  - {{name: b, speed: 1000 GFLOP/s}}
network:
  tcp: reno
  links:
    - {{between: [camera, a], rate: 1 Gbit/s}}
    - {{between: [a, b], rate: {rate} Mbit/s}}
    - {{between: [b, camera], rate: 1 Gbit/s}}
policy: {{partition: {{kind: even}}, quantization: {{kind: fixed, codec: fp32, bits: 32}}}}
run: {{mode: deploy, links: netns, window: 4}}
)";

// Bytes of activations (no TCP, IP or Ethernet headers) over the run, filling and draining included.
double goodput_mbit_per_s(const std::string& summary) {
  std::ifstream file(summary);
  const auto json = nlohmann::json::parse(file);
  for (const auto& link : json.at("links")) {
    if (link.at("from") == "a" && link.at("to") == "b") return link.at("goodput_mbit_per_s").get<double>();
  }
  return 0;
}

}  // namespace

void bench_veth(Report& report) {
  if (geteuid() != 0) {
    std::cerr << "deploy.veth: left out, network namespaces need root\n";
    return;
  }
  for (const int rate : {20, 50, 100, 500}) {
    const TemporaryFolder folder;
    const auto scenario = folder.path() + "/veth.yaml", out = folder.path() + "/run";
    write_file(scenario, fmt::format(kScenario, fmt::arg("rate", rate),
                                     fmt::arg("microbatches", rate < 100 ? 2 * rate : rate)));
    (void)process_seconds({program("millrace"), "run", scenario, "--out", out});
    report.add({fmt::format("deploy.veth.{}.x_rate", rate), goodput_mbit_per_s(out + "/summary.json") / rate,
                "x", "application goodput over the link's rate; at least 0.95"});
  }
}

}  // namespace millrace::bench
