// The running cells, each a process of its own: a crash of one does not affect the others. They die with this
// process, and Ctrl-C reaches them only through it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

struct EndedProcess {
  std::size_t tag = 0;
  std::optional<int> exit_code, signal;  // exactly one is set
  bool overdue = false;                  // ended because its time was up
};

class CellProcesses {
 public:
  using Clock = std::chrono::steady_clock;

  // Each process has `limit` of wall-clock time; then it is interrupted, and killed if it still does not end.
  explicit CellProcesses(std::chrono::seconds limit) : limit_(limit) {}
  // Kills the processes that still run.
  ~CellProcesses();
  CellProcesses(const CellProcesses&) = delete;
  CellProcesses& operator=(const CellProcesses&) = delete;

  // Runs this same program, even if its file has been replaced since, with these arguments (the first is its
  // name); its stderr goes to `log`.
  Result<void> start(std::size_t tag, const std::vector<std::string>& arguments, const std::string& log);
  // The next process that has ended, or nothing after `patience`.
  std::optional<EndedProcess> wait(std::chrono::milliseconds patience);
  // Asks all processes to end early; those that have not ended after a while are killed.
  void interrupt();
  std::size_t running() const { return children_.size(); }

 private:
  struct Child {
    std::size_t tag;
    pid_t pid;
    int handle;  // a pidfd, readable when the process ends; -1 where the kernel has no pidfds
    Clock::time_point give_up;
    bool asked = false, overdue = false;
  };
  std::optional<EndedProcess> reap();
  void enforce_limits();
  void sleep_until_one_ends(std::chrono::milliseconds patience) const;

  std::chrono::seconds limit_;
  std::vector<Child> children_;
};

}  // namespace millrace
