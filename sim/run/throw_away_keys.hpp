// Keys for the agents of one run that this host starts beyond loopback: made for it, gone with it.
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
  explicit ThrowAwayKeys(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

}  // namespace millrace
