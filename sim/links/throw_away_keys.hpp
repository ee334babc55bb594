// Keys for the agents that this host starts beyond loopback, made for one run and removed with it.
// remove_leftover_keys() finds those that a killed host leaves behind.
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
  int lock_;  // on the folder: held while the keys are in use; released when the process ends
};

// Removes this user's folders of keys, among the temporary files, whose process has gone; returns them.
std::vector<std::string> remove_leftover_keys();

}  // namespace millrace
