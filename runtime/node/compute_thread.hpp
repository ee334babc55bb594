// One thread that works for one node, one piece at a time. The thread lives as long as the node, because
// LibTorch and BLAS keep per-thread state that is costly to make.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "runtime/node/work.hpp"

namespace millrace {

class ComputeThread {
 public:
  // `executor` must outlive the thread.
  explicit ComputeThread(Executor& executor);
  // Waits for the work under way.
  ~ComputeThread();
  ComputeThread(const ComputeThread&) = delete;
  ComputeThread& operator=(const ComputeThread&) = delete;

  // Begins the work. If `then` is not empty, it is called on the thread with the outcome, which wait() then
  // does not return. REQUIRES: nothing else is under way.
  void begin(Work work, std::function<void(Result<Outcome>)> then = {});
  // Waits for the work and returns its outcome. REQUIRES one begin() without `then` before.
  Result<Outcome> wait();

 private:
  void loop();

  Executor& executor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Work> work_;
  std::function<void(Result<Outcome>)> then_;
  std::optional<Result<Outcome>> outcome_;
  bool stop_ = false;
  std::thread thread_;
};

// Runs the executor, with third parties' exceptions turned into an Error.
Result<Outcome> run_guarded(Executor& executor, const Work& work);

}  // namespace millrace
