#include "runtime/stage/thread_team.hpp"

#include <exception>

#include "runtime/base/check.hpp"

namespace millrace {

ThreadTeam::ThreadTeam(int threads) {
  MR_CHECK(threads >= 1);
  faults_.resize(static_cast<std::size_t>(threads));
  workers_.reserve(static_cast<std::size_t>(threads - 1));
  try {
    for (int member = 1; member < threads; ++member) workers_.emplace_back([this, member] { serve(member); });
  } catch (...) {
    dismiss();  // ends the threads started so far: the destructor will not run
    throw;
  }
}

ThreadTeam::~ThreadTeam() { dismiss(); }

void ThreadTeam::dismiss() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadTeam::split(std::int64_t items, const std::function<void(std::int64_t, std::int64_t)>& work) {
  {
    const std::lock_guard lock(mutex_);
    MR_CHECK(busy_ == 0, "one caller at a time");
    work_ = &work;
    items_ = items;
    busy_ = static_cast<int>(workers_.size());
    ++round_;
  }
  changed_.notify_all();
  run_share(0);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return busy_ == 0; });
  for (std::exception_ptr& fault : faults_) {
    if (!fault) continue;
    const std::exception_ptr first = fault;
    for (std::exception_ptr& any : faults_) any = nullptr;
    std::rethrow_exception(first);
  }
}

void ThreadTeam::serve(int member) {
  std::uint64_t served = 0;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || round_ != served; });
      if (stopping_) return;
      served = round_;
    }
    run_share(member);
    {
      const std::lock_guard lock(mutex_);
      --busy_;
    }
    changed_.notify_all();
  }
}

void ThreadTeam::run_share(int member) {
  const std::int64_t begin = items_ * member / size(), end = items_ * (member + 1) / size();
  if (begin == end) return;
  try {
    (*work_)(begin, end);
  } catch (...) {
    faults_[static_cast<std::size_t>(member)] = std::current_exception();
  }
}

}  // namespace millrace
