#include "runtime/cli/progress_line.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

namespace millrace {

namespace {

std::string time_text(double seconds) {
  return seconds < 120 ? fmt::format("{:.0f} s", seconds) : fmt::format("{:.0f} min", seconds / 60);
}

}  // namespace

ProgressLine::ProgressLine(bool quiet)
    : quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) == 1),
      began_(Clock::now()),
      next_show_(began_ + std::chrono::milliseconds(terminal_ ? 300 : 30'000)) {}

ProgressLine::~ProgressLine() { clear(); }

double ProgressLine::elapsed_s() const {
  return std::chrono::duration<double>(Clock::now() - began_).count();
}

void ProgressLine::update(double share) {
  if (quiet_ || Clock::now() < next_show_) return;
  const double elapsed = elapsed_s();
  const std::string left = share > 0 ? time_text(elapsed / share - elapsed) : "?";
  fmt::print(stderr, "{}{:.1f} % done, {} elapsed, about {} left{}", terminal_ ? "\r\x1b[K" : "", 100 * share,
             time_text(elapsed), left, terminal_ ? "" : "\n");
  std::fflush(stderr);
  shown_ = terminal_;
  next_show_ = Clock::now() + std::chrono::milliseconds(terminal_ ? 200 : 30'000);
}

void ProgressLine::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace millrace
