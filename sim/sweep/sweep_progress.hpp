// A sweep's progress on stderr: a bar rewritten in place on a terminal, a line every few seconds elsewhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace millrace {

struct SweepCounts {
  std::size_t cells = 0;   // of the whole sweep
  std::size_t kept = 0;    // finished before this sweep began
  std::size_t done = 0;    // that have ended since
  std::size_t failed = 0;  // of `done`
  std::size_t running = 0;
};

// "[#####-----] 12 of 40 cells, 2 failed, 2 running; 31 s, about 70 s to go". The estimate uses only cells
// that ran in this sweep.
std::string progress_text(const SweepCounts& counts, std::chrono::duration<double> elapsed);

class SweepProgress {
 public:
  explicit SweepProgress(bool quiet);
  ~SweepProgress();
  SweepProgress(const SweepProgress&) = delete;
  SweepProgress& operator=(const SweepProgress&) = delete;

  void show(const SweepCounts& counts);
  // Clears the bar, so that another line can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool quiet_, terminal_, on_line_ = false;
  Clock::time_point began_, next_;
};

}  // namespace millrace
