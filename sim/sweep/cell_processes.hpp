// The cells that run at this moment, each a process of its own: one that crashes harms no other. They die
// with this process, and Ctrl-C reaches them through it alone.
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
  std::optional<int> exit_code, signal;  // one of them
  bool overdue = false;                  // it was ended because its time was up
};

class CellProcesses {
 public:
  using Clock = std::chrono::steady_clock;

  // Each process has `limit` of wall-clock time; then it is interrupted, and killed if that does not end it.
  explicit CellProcesses(std::chrono::seconds limit) : limit_(limit) {}
  // Kills what still runs.
  ~CellProcesses();
  CellProcesses(const CellProcesses&) = delete;
  CellProcesses& operator=(const CellProcesses&) = delete;

  // Runs this very program, also where its file has been replaced since, with these arguments (the first is
  // its name); what it says on stderr goes to `log`.
  Result<void> start(std::size_t tag, const std::vector<std::string>& arguments, const std::string& log);
  // The next one that has ended, or nothing after `patience`.
  std::optional<EndedProcess> wait(std::chrono::milliseconds patience);
  // Asks all to end where they are; those that have not after a while are killed.
  void interrupt();
  std::size_t running() const { return children_.size(); }

 private:
  struct Child {
    std::size_t tag;
    pid_t pid;
    int handle;  // becomes readable when the process ends; -1 where the kernel has no such thing
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
