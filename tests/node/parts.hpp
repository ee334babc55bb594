// Nodes, executors and cost models whose whole behaviour a test defines.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>

#include "runtime/node/virtual_node.hpp"
#include "tests/node/recording_outbox.hpp"

namespace millrace {

// Each event calls the test's function; by default it does nothing.
class ScriptedNode final : public Node {
 public:
  std::function<Result<void>(Time, Outbox&)> start = [](Time, Outbox&) { return Result<void>{}; };
  std::function<Result<void>(Time, const Message&, Outbox&)> message = [](Time, const Message&, Outbox&) {
    return Result<void>{};
  };
  std::function<Result<void>(Time, JobId, const Outcome&, Outbox&)> computed =
      [](Time, JobId, const Outcome&, Outbox&) { return Result<void>{}; };
  std::function<Result<void>(Time, TimerId, Outbox&)> timer = [](Time, TimerId, Outbox&) {
    return Result<void>{};
  };

  Result<void> on_start(Time now, Outbox& out) override { return start(now, out); }
  Result<void> on_message(Time now, NodeId, Message heard, Outbox& out) override {
    return message(now, heard, out);
  }
  Result<void> on_computed(Time now, JobId job, Outcome outcome, Outbox& out) override {
    return computed(now, job, outcome, out);
  }
  Result<void> on_timer(Time now, TimerId id, Outbox& out) override { return timer(now, id, out); }
};

class ScriptedExecutor final : public Executor {
 public:
  explicit ScriptedExecutor(std::function<Result<Outcome>(const Work&)> work) : work_(std::move(work)) {}
  Result<Outcome> run(const Work& work) override { return work_(work); }

 private:
  std::function<Result<Outcome>(const Work&)> work_;
};

inline Work work_of(std::uint64_t microbatch, std::uint32_t images = 1) {
  Work work;
  work.microbatch = {microbatch};
  work.images = images;
  return work;
}

inline Result<Outcome> nothing_to_do(const Work&) { return Outcome{}; }

// Every piece of work has the same cost, known in advance.
class FlatCost final : public CostModel {
 public:
  explicit FlatCost(Duration each) : each_{{}, each, {}} {}
  std::optional<WorkCost> planned(const Work&) const override { return each_; }

 private:
  WorkCost each_;
};

// A barrier for workers on threads of their own: each waits until `expected` have come.
class MeetingPoint {
 public:
  explicit MeetingPoint(int expected) : missing_(expected) {}
  // False if the others did not come in time.
  bool meet() {
    std::unique_lock lock(mutex_);
    --missing_;
    changed_.notify_all();
    return changed_.wait_for(lock, std::chrono::seconds(20), [this] { return missing_ <= 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int missing_;
};

}  // namespace millrace
