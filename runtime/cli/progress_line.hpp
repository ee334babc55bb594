// Progress of long work, on stderr: rewritten in place on a terminal, elsewhere a line every 30 s.
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

  // `share` (0..1) of the work is done. Shows it unless the last display is too recent.
  void update(double share);
  // Erases the line, so that something else can be printed; the next update shows it again.
  void clear();
  double elapsed_s() const;

 private:
  using Clock = std::chrono::steady_clock;

  bool quiet_, terminal_;
  bool shown_ = false;
  Clock::time_point began_, next_show_;
};

}  // namespace millrace
