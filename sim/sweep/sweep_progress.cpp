#include "sim/sweep/sweep_progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace millrace {
namespace {

constexpr std::size_t kBarWidth = 24;

std::string span_text(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

std::string progress_text(const SweepCounts& counts, std::chrono::duration<double> elapsed) {
  const std::size_t finished = counts.kept + counts.done;
  const std::size_t filled = counts.cells == 0 ? kBarWidth : kBarWidth * finished / counts.cells;
  std::string text = fmt::format("[{}{}] {} of {} cells", std::string(filled, '#'),
                                 std::string(kBarWidth - filled, '-'), finished, counts.cells);
  if (counts.failed > 0) text += fmt::format(", {} failed", counts.failed);
  if (counts.running > 0) text += fmt::format(", {} running", counts.running);
  text += "; " + span_text(elapsed.count());
  const std::size_t left = counts.cells - finished;
  if (counts.done > 0 && left > 0)
    text += fmt::format(", about {} to go", span_text(elapsed.count() / static_cast<double>(counts.done) *
                                                      static_cast<double>(left)));
  return text;
}

SweepProgress::SweepProgress(bool quiet)
    : quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) == 1),
      began_(Clock::now()),
      next_(began_ + std::chrono::milliseconds(terminal_ ? 0 : 5000)) {}

SweepProgress::~SweepProgress() {
  if (on_line_) std::fputs("\n", stderr);
}

void SweepProgress::clear() {
  if (on_line_) std::fputs("\r\x1b[K", stderr);
  on_line_ = false;
}

void SweepProgress::show(const SweepCounts& counts) {
  const bool last = counts.kept + counts.done == counts.cells;
  if (quiet_ || (Clock::now() < next_ && !(terminal_ && last))) return;
  next_ = Clock::now() + std::chrono::milliseconds(terminal_ ? 100 : 5000);
  const auto text = progress_text(counts, Clock::now() - began_);
  std::fputs((terminal_ ? "\r\x1b[K" + text : text + "\n").c_str(), stderr);
  std::fflush(stderr);
  on_line_ = terminal_;
}

}  // namespace millrace
