// Files that a command writes where its user said. Surprising fact: a path is never replaced unless it is a
// regular file. A device or FIFO is written into, a symbolic link is followed to what it names (which need
// not exist yet), and `-`, /dev/stdout and /dev/fd/N are this process's own descriptors, at their own place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace millrace {

// Whether what is written to `path` goes to standard output: `-`, /dev/stdout, /dev/fd/1, or a link to these.
bool is_standard_output(const std::string& path);

// All of `bytes` to `path`. A regular file gets them at once: they are written beside it, synchronized with
// the disk (a power cut leaves the old or the new content) and renamed; its permissions stay, and its owner
// where that is allowed. In place, so not at once: a file with several hard links, one whose folder may not
// be written, and one that is a mount. A FIFO waits for its reader for 60 s, or until Ctrl-C.
// Errors say path, the file that it leads to where they differ, and the finding: "out.csv (a link to
// /data/out.csv): cannot be written: No space left on device".
Result<void> write_output(const std::string& path, std::string_view bytes);

// The same without waiting for the disk: after a power cut the file may be empty. For files that are many and
// can be made anew.
Result<void> write_output_lazily(const std::string& path, std::string_view bytes);

// Whether write_output() could begin, for commands that work for minutes before they write; nothing is
// changed. A full disk shows later.
Result<void> check_output(const std::string& path);

// The same places, for output that grows piece by piece: what is there is cut to nothing first.
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
