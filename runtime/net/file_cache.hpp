// Files that a run needs and this device may lack, by their SHA-256: a file at the scenario's path is used
// if it is the right one; others come from the host once and stay. No file is used before its hash has been
// checked, and a file appears in the folder whole or not at all (rename). Surprising fact: the limit always
// holds. If all files in the folder are in use, the next file is refused.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "runtime/wire/messages.hpp"

namespace millrace {

class FileCache {
 public:
  // `folder` is made when the first file comes; empty: no file can be kept. All files together, including
  // those being received, have at most `limit` bytes: the least recently used are removed first, but never
  // those that this object found or received, or that another agent used within two minutes.
  FileCache(std::string folder, std::uint64_t limit) : folder_(std::move(folder)), limit_(limit) {}

  // The path of the file on this device; empty if the device lacks it.
  std::string find(const InputFile& file) const;
  // A folder in which each file has the given name. REQUIRES that every file was found by find() or received.
  Result<std::string> folder_of(const std::vector<std::pair<std::string, InputFile>>& names) const;

  // A file being received, written piece by piece and in order. It is removed unless finish() succeeds.
  class Incoming {
   public:
    ~Incoming();
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;
    // More than was announced is an error.
    Result<void> append(std::span<const std::byte> bytes);
    std::uint64_t size() const { return size_; }
    // The path of the whole file; an error if it is not the one announced.
    Result<std::string> finish();

   private:
    friend class FileCache;
    struct State;
    explicit Incoming(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
    std::uint64_t size_ = 0;
  };
  // Makes room first and reserves it at once. An error (invalid_input) if the file is larger than the limit,
  // or if files in use leave too little room.
  Result<std::unique_ptr<Incoming>> receive(const InputFile& file) const;

 private:
  Result<void> make_room(const InputFile& file) const;

  std::string folder_;
  std::uint64_t limit_;
  mutable std::set<std::string> used_;  // names in the folder that stay as long as this object
};

// $XDG_CACHE_HOME/millrace, $HOME/.cache/millrace, or empty.
std::string default_cache_folder();

}  // namespace millrace
