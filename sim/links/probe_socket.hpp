// What the probes of links share: a socket and its errors. Private to this folder.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "runtime/base/result.hpp"

namespace millrace {

class ProbeSocket {
 public:
  ProbeSocket() = default;
  explicit ProbeSocket(int handle) : handle_(handle) {}
  ProbeSocket(ProbeSocket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  ProbeSocket& operator=(ProbeSocket&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ProbeSocket(const ProbeSocket&) = delete;
  ProbeSocket& operator=(const ProbeSocket&) = delete;
  ~ProbeSocket() {
    if (handle_ >= 0) close(handle_);
  }
  int get() const { return handle_; }

 private:
  int handle_ = -1;
};

// Of the system call that has just failed.
inline Error probe_failed(const std::string& attempt) {
  return Error{fmt::format("{}: {}", attempt, std::strerror(errno)), ExitCode::fidelity};
}

}  // namespace millrace
