// Files that a run needs and this device may not have, by their SHA-256: one that lies where the scenario
// says is used there if it is the right one; others come from the host once and stay. Nothing is used before
// its hash has been checked, and a file appears in the folder whole or not at all (rename). Surprising fact:
// the limit holds always. Where everything in the folder is in use, the next file is refused.
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
  // `folder` is made when the first file comes; empty: nothing can be kept. Of all files together, those on
  // their way included, at most `limit` bytes are there: those not used for longest go first, those that this
  // object found or received, or that another agent used within two minutes, never.
  FileCache(std::string folder, std::uint64_t limit) : folder_(std::move(folder)), limit_(limit) {}

  // Where the file is on this device; empty where it is not.
  std::string find(const InputFile& file) const;
  // A folder in which each file has its own name. REQUIRES every file was find()ed or fetched.
  Result<std::string> folder_of(const std::vector<std::pair<std::string, InputFile>>& names) const;

  // A file on its way, written piece by piece and in order. Left unfinished it disappears.
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
  // Makes room first, and takes it at once. An error (invalid_input) where the file is larger than all that
  // may be kept, or what is in use leaves too little.
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
