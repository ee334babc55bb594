// A CSV file that grows as the run goes, in whole lines.
#pragma once

#include <fmt/format.h>

#include <string>

#include "sim/run/append_file.hpp"

namespace millrace {

class CsvFile {
 public:
  // Truncates an existing file and writes the header line.
  static Result<CsvFile> create(const std::string& path, const std::string& header);

  template <class... Args>
  void row(fmt::format_string<Args...> format, Args&&... args) {
    line_.clear();
    fmt::format_to(std::back_inserter(line_), format, std::forward<Args>(args)...);
    line_.push_back('\n');
    file_.append(line_);
  }
  void flush() { file_.flush(); }
  Result<void> check() const { return file_.check(); }
  Result<void> close() { return file_.close(); }
  bool sound() const { return file_.sound(); }

 private:
  explicit CsvFile(AppendFile file) : file_(std::move(file)) {}
  AppendFile file_;
  std::string line_;
};

}  // namespace millrace
