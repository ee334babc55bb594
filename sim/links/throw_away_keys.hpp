// Keys for the agents of one run that this host starts beyond loopback: made for it, gone with it. What a
// killed host leaves of them is found by remove_leftover_keys().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

class ThrowAwayKeys {
 public:
  // In a folder of temporary files that only this user can enter.
  static Result<std::unique_ptr<ThrowAwayKeys>> make(const std::vector<std::string>& devices);
  ~ThrowAwayKeys();
  ThrowAwayKeys(const ThrowAwayKeys&) = delete;
  ThrowAwayKeys& operator=(const ThrowAwayKeys&) = delete;

  // Folders, as --keys takes them.
  std::string host() const { return folder_ + "/fleet/host"; }
  std::string device(const std::string& name) const { return folder_ + "/fleet/" + name; }

 private:
  ThrowAwayKeys(std::string folder, int lock) : folder_(std::move(folder)), lock_(lock) {}
  std::string folder_;
  int lock_;  // on the folder: who has it uses the keys; gone with the process
};

// Removes this user's folders of keys, among the temporary files, whose process has gone; returns them.
std::vector<std::string> remove_leftover_keys();

}  // namespace millrace
