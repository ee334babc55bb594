// A socket to the kernel's traffic control (rtnetlink). Its requests concern the queueing disciplines of the
// network namespace in which it was opened, in whatever namespace it is used later.
#pragma once

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

// One request about a queueing discipline: header, tcmsg, attributes.
class QdiscRequest {
 public:
  QdiscRequest(std::uint16_t type, std::uint16_t flags, const tcmsg& message);
  void add(std::uint16_t type, const void* data, std::size_t size);
  // Opens a nested attribute: those added until end() are inside it. Returns what end() takes.
  std::size_t begin(std::uint16_t type);
  void end(std::size_t nested);
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  void grow(const void* data, std::size_t size);
  std::vector<std::byte> bytes_;
};

class RouteSocket {
 public:
  static Result<RouteSocket> open();
  RouteSocket(RouteSocket&& other) noexcept;
  RouteSocket(const RouteSocket&) = delete;
  RouteSocket& operator=(const RouteSocket&) = delete;
  RouteSocket& operator=(RouteSocket&&) = delete;
  ~RouteSocket();

  // Waits for the kernel's answer, which comes at once. Returns 0 or an errno.
  int ask(QdiscRequest request);

  struct Qdisc {
    int interface_index = 0;
    std::uint32_t handle = 0;
    std::string kind;
  };
  // The queueing disciplines at the roots of all interfaces.
  Result<std::vector<Qdisc>> roots();

 private:
  explicit RouteSocket(int socket) : socket_(socket) {}
  int socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace millrace
