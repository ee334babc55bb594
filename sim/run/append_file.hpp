// A file that grows as the run goes. What one call appends reaches the disk in one piece, at a call that
// comes 100 ms or more after the last write, so that a killed run leaves readable files.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "runtime/base/output_file.hpp"
#include "runtime/base/result.hpp"

namespace millrace {

class AppendFile {
 public:
  // Truncates an existing file.
  static Result<AppendFile> create(const std::string& path);

  void append(std::string_view piece);
  void flush();
  // An error if a write has failed, for example on a full disk. The file then ends before the failed piece.
  const Result<void>& check() const { return state_; }
  bool sound() const { return state_.ok(); }
  // Flushes and closes; an error also if closing shows one. REQUIRES no append() afterwards.
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
