// The cost of the bridge, virtual time and ns-3: ViT-Base (random weights), 3 stages, 100 Mbit/s, cosim with
// `compute: profile`, against the same work done by the same number of threads in one process without them.
#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "runtime/stage/blas.hpp"
#include "runtime/stage/tensor_executor.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/forward.hpp"
#include "tests/bench/process.hpp"

namespace millrace::bench {

namespace {

constexpr int kImages = 48;
constexpr int kMicrobatch = 4;
constexpr int kPairs = 3;

const std::string kScenario = fmt::format(
    "millrace: 1\nname: bridge\nmodel: {{name: vit-base, weights: random, microbatch: {}}}\n"
    "workload: {{dataset: synthetic, images: {}}}\n"
    "devices:\n  - {{name: camera, runs: [source, sink]}}\n"
    "  - {{name: a, speed: 40 GFLOP/s}}\n  - {{name: b, speed: 40 GFLOP/s}}\n  - {{name: c, speed: 40 "
    "GFLOP/s}}\n"
    "network:\n  kind: ns3\n  links:\n"
    "    - {{between: [camera, a], rate: 100 Mbit/s, delay: 1 ms}}\n"
    "    - {{between: [a, b], rate: 100 Mbit/s, delay: 1 ms}}\n"
    "    - {{between: [b, c], rate: 100 Mbit/s, delay: 1 ms}}\n"
    "    - {{between: [c, camera], rate: 100 Mbit/s, delay: 1 ms}}\n"
    "policy: {{partition: {{kind: even}}, quantization: {{kind: fixed, codec: fp32, bits: 32}}}}\n"
    "run: {{mode: cosim, seed: 1, compute: profile}}\n",
    kMicrobatch, kImages);

// A queue of one place between two threads.
class Handover {
 public:
  void put(Payload payload) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return items_.size() < 2; });
    items_.push_back(std::move(payload));
    changed_.notify_all();
  }
  Payload take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !items_.empty(); });
    auto payload = std::move(items_.front());
    items_.pop_front();
    changed_.notify_all();
    return payload;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Payload> items_;
};

Payload do_work(Executor& executor, WorkKind kind, int microbatch, Payload input) {
  return outcome_of(executor, kind, microbatch, kMicrobatch, std::move(input)).output;
}

// The same forwards in one process: a thread per stage, payloads handed over by pointer.
class LocalPipeline {
 public:
  LocalPipeline() : model_(model_by_name("vit-base").value()) {
    source_ = std::move(make_source_executor({.model = model_}).value());
    for (const LayerRange layers : {LayerRange{1, 16}, LayerRange{17, 32}, LayerRange{33, 48}}) {
      stages_.push_back(std::move(make_stage_executor({.model = model_, .layers = layers}).value()));
    }
  }

  double seconds() {
    return seconds_of([this] {
      std::vector<Handover> between(stages_.size() + 1);
      std::vector<std::thread> threads;
      for (std::size_t i = 0; i < stages_.size(); ++i) {
        threads.emplace_back([this, i, &between] {
          for (int m = 0; m < kImages / kMicrobatch; ++m) {
            do_work(*stages_[i], WorkKind::forward, m, between[i].take());
            between[i + 1].put(do_work(*stages_[i], WorkKind::encode, m, {}));
          }
        });
      }
      threads.emplace_back([this, &between] {
        for (int m = 0; m < kImages / kMicrobatch; ++m)
          between[0].put(do_work(*source_, WorkKind::load, m, {}));
      });
      for (int m = 0; m < kImages / kMicrobatch; ++m) (void)between.back().take();
      for (auto& thread : threads) thread.join();
    });
  }

 private:
  ModelConfig model_;
  std::unique_ptr<Executor> source_;
  std::vector<std::unique_ptr<Executor>> stages_;
};

}  // namespace

void bench_bridge(Report& report) {
  (void)prepare_blas();
  const TemporaryFolder folder;
  const auto file = folder.path() + "/bridge.yaml";
  write_file(file, kScenario);
  LocalPipeline local;
  const auto cosim = [&] {
    process_seconds({program("millrace"), "run", file, "--out", folder.path() + "/run"});
    return json_number(folder.path() + "/run/wall.json",
                       "run_s");  // without starting agents and making weights
  };
  report.add({"bridge.vit-base.x_local",
              median_ratio(
                  cosim, [&] { return local.seconds(); }, kPairs),
              "x", "cosim / same forwards and threads in one process; at most 1.15"});
}

}  // namespace millrace::bench
