// A fixed team of threads that split a number of items into contiguous shares. The caller is the first
// member, so a team of one starts no thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace millrace {

class ThreadTeam {
 public:
  // REQUIRES threads >= 1. Throws std::system_error if the system cannot start that many.
  explicit ThreadTeam(int threads);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  // Calls work(begin, end) once per member whose share is not empty; returns when all have ended. If members
  // threw, rethrows the exception of the first such member. REQUIRES: one caller at a time.
  void split(std::int64_t items, const std::function<void(std::int64_t begin, std::int64_t end)>& work);
  int size() const { return static_cast<int>(workers_.size()) + 1; }

 private:
  void dismiss();
  void serve(int member);
  void run_share(int member);

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void(std::int64_t, std::int64_t)>* work_ = nullptr;
  std::int64_t items_ = 0;
  std::uint64_t round_ = 0;
  int busy_ = 0;
  bool stopping_ = false;
  std::vector<std::exception_ptr> faults_;  // one per member
  std::vector<std::thread> workers_;
};

}  // namespace millrace
