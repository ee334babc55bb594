// A socket of a namespace, closed at the end, and what a call on it that failed says. Private to this folder.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "runtime/base/result.hpp"

namespace millrace {

class OpenSocket {
 public:
  OpenSocket() = default;
  explicit OpenSocket(int handle) : handle_(handle) {}
  OpenSocket(OpenSocket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  OpenSocket& operator=(OpenSocket&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  OpenSocket(const OpenSocket&) = delete;
  OpenSocket& operator=(const OpenSocket&) = delete;
  ~OpenSocket() {
    if (handle_ >= 0) close(handle_);
  }
  int get() const { return handle_; }

 private:
  int handle_ = -1;
};

// Of the system call that has just failed.
inline Error socket_failed(const std::string& attempt) {
  return Error{fmt::format("{}: {}", attempt, std::strerror(errno)), ExitCode::fidelity};
}

}  // namespace millrace
