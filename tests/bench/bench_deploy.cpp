// The cost of cutting a model into three processes where nothing is gained by it: ViT-Base (random weights),
// three stages of a thread each over loopback TCP, against the whole model in one process with three threads.
// Both compute the same images, read by a thread of their own; compute-bound.
#include <fmt/format.h>

#include <future>

#include "runtime/stage/blas.hpp"
#include "runtime/stage/tensor_executor.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/forward.hpp"
#include "tests/bench/process.hpp"

namespace millrace::bench {

namespace {

constexpr int kThreads = 3;
constexpr int kMicrobatch = 3;  // an image per thread of the uncut model
constexpr int kMicrobatches = 40;
constexpr int kPairs = 3;

const std::string kScenario = fmt::format(
    "millrace: 1\nname: deploy\nmodel: {{name: vit-base, weights: random, microbatch: {}}}\n"
    "workload: {{dataset: synthetic, microbatches: {}}}\n"
    "devices:\n  - {{name: camera, runs: [source, sink]}}\n"
    "  - {{name: a}}\n  - {{name: b}}\n  - {{name: c}}\n"
    "network:\n  links:\n"
    "    - {{between: [camera, a], rate: 1 Gbit/s}}\n    - {{between: [a, b], rate: 1 Gbit/s}}\n"
    "    - {{between: [b, c], rate: 1 Gbit/s}}\n    - {{between: [c, camera], rate: 1 Gbit/s}}\n"
    "policy: {{partition: {{kind: even}}, quantization: {{kind: fixed, codec: fp32, bits: 32}}}}\n"
    "run: {{mode: deploy, seed: 1, compute: measured}}\n",
    kMicrobatch, kMicrobatches);

Outcome done(Executor& executor, WorkKind kind, int microbatch, Payload input) {
  return outcome_of(executor, kind, microbatch, kMicrobatch, std::move(input));
}

class WholeModel {
 public:
  WholeModel() {
    const auto model = model_by_name("vit-base").value();
    source_ = std::move(make_source_executor({.model = model}).value());
    StageChoice choice;
    choice.model = model;
    choice.layers = {1, model.sub_layers()};
    choice.threads = kThreads;
    stage_ = std::move(make_stage_executor(choice).value());
    sink_ = std::move(make_sink_executor({.model = model}).value());
  }
  double seconds() {
    return seconds_of([this] {
      const auto load = [this](int m) { return done(*source_, WorkKind::load, m, {}).output; };
      auto next = std::async(std::launch::async, load, 0);
      for (int m = 0; m < kMicrobatches; ++m) {
        auto input = next.get();
        if (m + 1 < kMicrobatches) next = std::async(std::launch::async, load, m + 1);
        done(*stage_, WorkKind::forward, m, std::move(input));
        done(*sink_, WorkKind::score, m, done(*stage_, WorkKind::encode, m, {}).output);
      }
    });
  }

 private:
  std::unique_ptr<Executor> source_, stage_, sink_;
};

}  // namespace

void bench_deploy(Report& report) {
  (void)prepare_blas();
  const TemporaryFolder folder;
  const auto file = folder.path() + "/deploy.yaml";
  write_file(file, kScenario);
  WholeModel whole;
  const auto deploy = [&] {
    process_seconds({program("millrace"), "run", file, "--isolate", "--out", folder.path() + "/run"});
    return json_number(folder.path() + "/run/summary.json", "duration_s");  // from start to the last logits
  };
  const double slower = median_ratio(
      deploy, [&] { return whole.seconds(); }, kPairs);
  report.add({"deploy.loopback.vit-base.x_local", 1 / slower, "x",
              "throughput / whole model in one process with as many threads; at least 0.95"});
}

}  // namespace millrace::bench
