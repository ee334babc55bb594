// Files that a command writes at its user's path. Surprising fact: a path is never replaced unless it is a
// regular file. A device or FIFO is written into, a symbolic link is followed to what it names (which need
// not exist yet), and `-`, /dev/stdout and /dev/fd/N are this process's own descriptors, at their own place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace millrace {

// Whether `path` means standard output: `-`, /dev/stdout, /dev/fd/1, or a link to one of these.
bool is_standard_output(const std::string& path);

// Writes all of `bytes` to `path`. A regular file is replaced atomically: the bytes go to a new file beside
// it, which is synchronized with the disk and renamed (a power cut leaves the old or the new content);
// permissions stay, and the owner where that is allowed. Three kinds of files are written in place, so not
// atomically: those with several hard links, those whose folder may not be written, and mounts. For a FIFO
// this waits up to 60 s, or until Ctrl-C, for a reader. Errors name the path, the file that it leads to if
// they differ, and the finding: "out.csv (a link to /data/out.csv): cannot be written: No space left on
// device".
Result<void> write_output(const std::string& path, std::string_view bytes);

// The same without waiting for the disk: after a power cut the file may be empty. For files that are many and
// can be made again.
Result<void> write_output_lazily(const std::string& path, std::string_view bytes);

// Whether write_output() could begin, for commands that work for minutes before they write. Changes nothing
// and does not notice a full disk.
Result<void> check_output(const std::string& path);

// The same places, for output that grows piece by piece: an existing regular file is truncated first.
class OutputStream {
 public:
  static Result<OutputStream> open(const std::string& path);
  // What is there stays, and the rest comes behind it.
  static Result<OutputStream> open_to_add(const std::string& path);
  OutputStream(OutputStream&& other) noexcept;
  OutputStream& operator=(OutputStream&&) = delete;
  ~OutputStream();

  // Returns when the system has all of it. Where that fails a regular file has none of it: it ends with what
  // was appended before.
  Result<void> append(std::string_view bytes);
  // Some file systems notice only here that the disk is full. REQUIRES no append() afterwards.
  Result<void> close();

 private:
  OutputStream(std::string name, int descriptor, bool ours)
      : name_(std::move(name)), descriptor_(descriptor), ours_(ours) {}
  std::string name_;
  int descriptor_;
  bool ours_;  // nobody else writes into it
};

}  // namespace millrace
