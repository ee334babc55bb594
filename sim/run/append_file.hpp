// A file that grows as the run goes. What one call appends reaches the disk in one piece, at a call that
// comes 100 ms or more after the last write, so that a killed run leaves readable files.
#pragma once

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace millrace {

class AppendFile {
 public:
  // Truncates an existing file.
  static Result<AppendFile> create(const std::string& path);

  void append(std::string_view piece);
  void flush();
  // An error if a write has failed since the last call, for example on a full disk.
  Result<void> check();
  bool sound() const { return error_ == 0; }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kBuffer = 64 * 1024;
  static constexpr auto kPeriod = std::chrono::milliseconds(100);
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  AppendFile(std::string path, std::FILE* file)
      : path_(std::move(path)), file_(file), flushed_(Clock::now()) {}

  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
  std::string buffer_;
  Clock::time_point flushed_;
  int error_ = 0;
};

}  // namespace millrace
