// A network namespace: interfaces, addresses and routes that are visible only inside. It has no name and
// lives as long as a process is in it or this object holds it, so a killed host leaves none behind.
#pragma once

#include <functional>
#include <string>

#include "runtime/base/result.hpp"

namespace millrace {

class NetworkNamespace {
 public:
  // Needs root (CAP_SYS_ADMIN).
  static Result<NetworkNamespace> create();
  // The namespace of the calling thread.
  static Result<NetworkNamespace> current();
  NetworkNamespace(NetworkNamespace&& other) noexcept;
  NetworkNamespace& operator=(NetworkNamespace&& other) noexcept;
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;
  ~NetworkNamespace();

  // For setns() and for `ip link … netns PATH`.
  int handle() const { return handle_; }
  std::string path() const;
  // Moves the calling thread, and all threads and processes that it starts from now on, into the namespace.
  Result<void> enter() const;
  // Runs `work` inside, on a thread of its own; sockets that it opens stay in this namespace.
  Result<void> within(const std::function<Result<void>()>& work) const;

 private:
  explicit NetworkNamespace(int handle) : handle_(handle) {}
  int handle_ = -1;
};

// Writes a setting of the calling thread's network namespace: "net/ipv4/ip_forward". Returns 0 or the errno.
int write_setting(const std::string& name, const std::string& value);

// Runs `ip -batch` on these commands, in the network namespace that the thread is in.
Result<void> run_ip_commands(const std::string& commands);

}  // namespace millrace
