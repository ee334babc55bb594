#include "runtime/base/live_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace millrace {

LiveLine::LiveLine(Pace pace, bool quiet, std::FILE* to)
    : pace_(pace),
      quiet_(quiet),
      terminal_(isatty(fileno(to)) == 1),
      to_(to),
      began_(Clock::now()),
      next_(began_ + (terminal_ ? pace.first : pace.elsewhere)) {}

void LiveLine::show(const std::string& text) {
  if (quiet_) return;
  std::fputs((terminal_ ? "\r\x1b[K" + text : text + "\n").c_str(), to_);
  std::fflush(to_);
  on_line_ = terminal_;
  next_ = Clock::now() + (terminal_ ? pace_.between : pace_.elsewhere);
}

void LiveLine::replace(const std::string& text) {
  if (on_line_) show(text);
}

void LiveLine::clear() {
  if (!on_line_) return;
  std::fputs("\r\x1b[K", to_);
  std::fflush(to_);
  on_line_ = false;
}

void LiveLine::end() {
  if (!on_line_) return;
  std::fputs("\n", to_);
  std::fflush(to_);
  on_line_ = false;
}

std::string span_text(std::chrono::duration<double> span) {
  const double seconds = span.count();
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace millrace
