#include "sim/run/progress.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

namespace millrace {

Progress::Progress(RunObserver& next, std::uint64_t microbatches)
    : next_(next),
      all_(microbatches),
      terminal_(isatty(STDERR_FILENO) == 1),
      began_(Clock::now()),
      next_show_(began_ + std::chrono::milliseconds(terminal_ ? 300 : 5000)) {}

Progress::~Progress() {
  if (shown_ && terminal_) show(true);
}

void Progress::on_record(Time now, NodeId node, const Record& record) {
  now_ = now;
  if (const auto* completion = std::get_if<CompletionRecord>(&record)) {
    ++done_;
    images_ += completion->images;
  }
  next_.on_record(now, node, record);
}

// Reads the clock only at every 64th event: `simulate` has hundreds of thousands a second.
bool Progress::interrupted() {
  if ((asked_++ & 63U) == 0 && Clock::now() >= next_show_) show(false);
  return next_.interrupted();
}

void Progress::show(bool last) {
  const double wall = std::chrono::duration<double>(Clock::now() - began_).count();
  const double seconds = now_.seconds();
  fmt::print(stderr, "{}{}/{} microbatches, {:.2f} s of scenario time, {:.2f} images/s, {:.0f} s elapsed{}",
             terminal_ ? "\r\x1b[K" : "", done_, all_, seconds,
             seconds > 0 ? static_cast<double>(images_) / seconds : 0, wall, terminal_ && !last ? "" : "\n");
  std::fflush(stderr);
  shown_ = true;
  next_show_ = Clock::now() + std::chrono::milliseconds(terminal_ ? 200 : 5000);
}

}  // namespace millrace
