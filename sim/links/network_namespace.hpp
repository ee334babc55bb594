// A network of its own: interfaces, addresses and routes that only those see who are inside. It has no name:
// it lives as long as a process is in it or this object holds it, so a host that is killed leaves none
// behind.
#pragma once

#include <functional>
#include <string>

#include "runtime/base/result.hpp"

namespace millrace {

class NetworkNamespace {
 public:
  // Needs root (CAP_SYS_ADMIN).
  static Result<NetworkNamespace> create();
  // The one that the calling thread is in.
  static Result<NetworkNamespace> current();
  NetworkNamespace(NetworkNamespace&& other) noexcept;
  NetworkNamespace& operator=(NetworkNamespace&& other) noexcept;
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;
  ~NetworkNamespace();

  // For setns() and for `ip link … netns PATH`.
  int handle() const { return handle_; }
  std::string path() const;
  // Moves the calling thread, and all threads and processes that it starts from now on, into it.
  Result<void> enter() const;
  // Runs `work` inside, on a thread of its own; what it opens stays connected to this namespace.
  Result<void> within(const std::function<Result<void>()>& work) const;

 private:
  explicit NetworkNamespace(int handle) : handle_(handle) {}
  int handle_ = -1;
};

// Writes a setting of the network namespace that the thread is in: "net/ipv4/ip_forward". The errno, or 0.
int write_setting(const std::string& name, const std::string& value);

// Runs `ip -batch` on these commands, in the network namespace that the thread is in.
Result<void> run_ip_commands(const std::string& commands);

}  // namespace millrace
