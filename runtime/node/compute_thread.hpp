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
  // `executor` outlives the thread.
  explicit ComputeThread(Executor& executor);
  // Waits for the work under way.
  ~ComputeThread();
  ComputeThread(const ComputeThread&) = delete;
  ComputeThread& operator=(const ComputeThread&) = delete;

  // Begins the work; `then` (may be empty) is called on the thread with its outcome, instead of keeping it
  // for wait(). REQUIRES: nothing else is under way.
  void begin(Work work, std::function<void(Result<Outcome>)> then = {});
  // Waits for the work begun. REQUIRES begin() without `then` came before, once.
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

// What an executor does, with a third party's exceptions turned into an Error.
Result<Outcome> run_guarded(Executor& executor, const Work& work);

}  // namespace millrace
