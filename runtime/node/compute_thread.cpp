#include "runtime/node/compute_thread.hpp"

#include <string>

#include "runtime/node/guard.hpp"

namespace millrace {

Result<Outcome> run_guarded(Executor& executor, const Work& work) {
  return guarded("computing microbatch " + std::to_string(work.microbatch.value),
                 [&] { return executor.run(work); });
}

ComputeThread::ComputeThread(Executor& executor) : executor_(executor), thread_([this] { loop(); }) {}

ComputeThread::~ComputeThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ComputeThread::begin(Work work, std::function<void(Result<Outcome>)> then) {
  {
    const std::lock_guard lock(mutex_);
    MR_CHECK(!work_ && !outcome_, "two pieces of work at once");
    work_ = std::move(work);
    then_ = std::move(then);
  }
  changed_.notify_all();
}

Result<Outcome> ComputeThread::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return outcome_.has_value(); });
  Result<Outcome> outcome = std::move(*outcome_);
  outcome_.reset();
  return outcome;
}

void ComputeThread::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || work_; });
    if (!work_) return;
    const Work work = std::move(*work_);
    const auto then = std::move(then_);
    lock.unlock();
    auto outcome = run_guarded(executor_, work);
    lock.lock();
    work_.reset();
    if (then) {
      lock.unlock();
      then(std::move(outcome));
      lock.lock();
    } else {
      outcome_ = std::move(outcome);
      changed_.notify_all();
    }
  }
}

}  // namespace millrace
