// How far long work is, on stderr: rewritten in place on a terminal, a line now and then elsewhere.
#pragma once

#include <chrono>
#include <string>

namespace millrace {

class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Shown where it is time to. share: 0..1 of the work.
  void update(double share);
  // Takes the line away, so that something else can be printed; the next update brings it back.
  void clear();
  double elapsed_s() const;

 private:
  using Clock = std::chrono::steady_clock;

  bool quiet_, terminal_;
  bool shown_ = false;
  Clock::time_point began_, next_show_;
};

}  // namespace millrace
