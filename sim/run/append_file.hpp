// A file that grows as the run goes. What is appended in one call reaches the disk in one piece, when
// something is appended 100 ms or more after the last time, so that a run that is killed leaves files that
// can be read.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "runtime/base/output_file.hpp"
#include "runtime/base/result.hpp"

namespace millrace {

class AppendFile {
 public:
  // Truncates what is there.
  static Result<AppendFile> create(const std::string& path);

  void append(std::string_view piece);
  void flush();
  // What went wrong: a full disk, say. The file then ends before the piece that failed.
  const Result<void>& check() const { return state_; }
  bool sound() const { return state_.ok(); }
  // Flushes; the same and what only closing tells. REQUIRES no append() afterwards.
  Result<void> close();

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kBuffer = 64 * 1024;
  static constexpr auto kPeriod = std::chrono::milliseconds(100);
  explicit AppendFile(OutputStream file) : file_(std::move(file)), flushed_(Clock::now()) {}

  OutputStream file_;
  std::string buffer_;
  Clock::time_point flushed_;
  Result<void> state_;
};

}  // namespace millrace
