// How much of an agent's log the host keeps: limits on lines and bytes at once, per second, and in all. Lines
// beyond a limit are dropped and counted. Honest agents write a few lines a run.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace millrace {

class LogGate {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr double kLinesPerS = 100, kLinesAtOnce = 1000, kLines = 20'000;
  static constexpr double kBytesPerS = 64 << 10, kBytesAtOnce = 512 << 10, kBytes = 3 << 20;

  explicit LogGate(Clock::time_point now) : now_(now) {}

  // Whether a line of that many bytes is kept. REQUIRES that `now` does not decrease between calls.
  bool admit(Clock::time_point now, std::size_t bytes) {
    const double past_s = std::chrono::duration<double>(now - now_).count();
    now_ = now;
    lines_ = std::min(kLinesAtOnce, lines_ + past_s * kLinesPerS);
    bytes_ = std::min(kBytesAtOnce, bytes_ + past_s * kBytesPerS);
    const auto size = static_cast<double>(bytes);
    const bool kept = lines_ >= 1 && bytes_ >= size && lines_left_ >= 1 && bytes_left_ >= size;
    if (!kept) {
      ++dropped_;
      return false;
    }
    lines_ -= 1, lines_left_ -= 1;
    bytes_ -= size, bytes_left_ -= size;
    return true;
  }
  std::uint64_t dropped() const { return dropped_; }

 private:
  Clock::time_point now_;
  double lines_ = kLinesAtOnce, lines_left_ = kLines;
  double bytes_ = kBytesAtOnce, bytes_left_ = kBytes;
  std::uint64_t dropped_ = 0;
};

}  // namespace millrace
