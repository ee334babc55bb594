// A CSV file that grows as the run goes. It reaches the disk in whole lines, whenever a row comes 100 ms or
// more after the last time, so that a run that is killed leaves a file that can be read.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "runtime/base/result.hpp"

namespace millrace {

class CsvFile {
 public:
  // Truncates what is there and writes the header line.
  static Result<CsvFile> create(const std::string& path, const std::string& header);

  template <class... Args>
  void row(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(buffer_), format, std::forward<Args>(args)...);
    buffer_.push_back('\n');
    if (buffer_.size() > kBuffer || Clock::now() - flushed_ > kPeriod) flush();
  }
  void flush();
  // What went wrong since the last call: a full disk, say.
  Result<void> check();

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kBuffer = 64 * 1024;
  static constexpr auto kPeriod = std::chrono::milliseconds(100);
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  CsvFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file), flushed_(Clock::now()) {}

  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
  std::string buffer_;
  Clock::time_point flushed_;
  int error_ = 0;
};

}  // namespace millrace
