// A file mapped for reading. It must not be truncated while it is mapped: that ends the process (SIGBUS).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "runtime/base/result.hpp"

namespace millrace {

class MappedFile {
 public:
  // Maps a regular file that is not empty; an error does not name the file.
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(start_), size_}; }
  // Gives back the pages that lie wholly within `part` of bytes(); they are read again if needed.
  void release(std::span<const std::byte> part) const;
  // Reads every page of `part` now, so that its first use is not charged for disk reads.
  void fault_in(std::span<const std::byte> part) const;

 private:
  MappedFile(void* start, std::size_t size) : start_(start), size_(size) {}
  void* start_;
  std::size_t size_;
};

}  // namespace millrace
