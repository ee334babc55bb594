// The folder of a sweep: sweep.sqlite, cells.csv, groups.csv, runs/, logs/. One process writes in it at a
// time.
#pragma once

#include <string>

#include "runtime/base/result.hpp"

namespace millrace {

class SweepFolder {
 public:
  // Makes the folder and locks it until this object is destroyed or its process dies. An error names the
  // process that holds the lock.
  static Result<SweepFolder> open(const std::string& path);
  ~SweepFolder();
  SweepFolder(SweepFolder&& other) noexcept;
  SweepFolder& operator=(SweepFolder&&) = delete;

  std::string database() const { return path_ + "/sweep.sqlite"; }
  std::string log_of(const std::string& run_directory) const;
  // Writes a file whole or not at all: a reader never sees half a table.
  Result<void> write(const std::string& name, const std::string& text) const;
  const std::string& path() const { return path_; }

 private:
  SweepFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;
};

}  // namespace millrace
