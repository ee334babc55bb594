// A sweep's progress on stderr: a bar.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "runtime/base/live_line.hpp"

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
  explicit SweepProgress(bool quiet)
      : line_({.first = {}, .between = std::chrono::milliseconds(100)}, quiet) {}

  // On a terminal the last one, when all cells have ended, is shown in any case.
  void show(const SweepCounts& counts);
  // Clears the bar, so that another line can be printed.
  void clear() { line_.clear(); }

 private:
  LiveLine line_;
};

}  // namespace millrace
