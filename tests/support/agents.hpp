// A scenario of devices d0, d1, … joined in a ring, and agents that serve it on threads of this process, over
// loopback.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/net/agent.hpp"
#include "runtime/scenario/scenario_reader.hpp"

namespace millrace {

inline constexpr const char* kTestRelease = "9.9.9";

// vit-tiny; d0 is source and sink, every device may run a stage.
inline Scenario ring_scenario(std::uint32_t devices, const std::string& timeout = "20 s") {
  std::string text =
      "millrace: 1\nname: ring\nmodel: {name: vit-tiny, weights: random, microbatch: 4}\n"
      "workload: {dataset: synthetic, images: 22}\ndevices:\n"
      "  - {name: d0, runs: [source, sink, stage], speed: 1 GFLOP/s}\n";
  std::string links;
  for (std::uint32_t i = 0; i < devices; ++i) {
    if (i > 0) text += "  - {name: d" + std::to_string(i) + ", runs: [stage], speed: 1 GFLOP/s}\n";
    const auto next = (i + 1) % devices;
    if (next == i || (devices == 2 && i == 1)) continue;
    links += "    - {between: [d" + std::to_string(i) + ", d" + std::to_string(next) +
             "], rate: 100 Mbit/s, delay: 1 ms}\n";
  }
  if (!links.empty()) text += "network:\n  links:\n" + links;
  text += "run: {mode: cosim, timeout: " + timeout + "}\n";
  auto read = read_scenario_text(text, "ring", ".");
  for (const auto& problem : read.problems) ADD_FAILURE() << to_string(problem);
  return std::move(*read.scenario);
}

class Agents {
 public:
  ~Agents() { join(); }
  void start(AgentConfig config, PartsFactory factory) {
    results_.push_back(std::make_unique<Result<void>>());
    threads_.emplace_back([config = std::move(config), factory = std::move(factory),
                           result = results_.back().get()] { *result = run_agent(config, factory); });
  }
  // Waits until all agents have ended by themselves.
  void join() {
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  // In the order of their start. REQUIRES join().
  const Result<void>& result(std::size_t index) const { return *results_.at(index); }

 private:
  std::vector<std::unique_ptr<Result<void>>> results_;
  std::vector<std::thread> threads_;
};

}  // namespace millrace
