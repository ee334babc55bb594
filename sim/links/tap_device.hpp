// A TAP device: what the kernel sends through the interface is read here, frame by frame, and what is written
// here the kernel receives. It is gone with this object.
#pragma once

#include <string>

#include "runtime/base/result.hpp"

namespace millrace {

class TapDevice {
 public:
  // In the network namespace of the calling thread, down and without an address. Needs root (CAP_NET_ADMIN)
  // and /dev/net/tun.
  static Result<TapDevice> create(const std::string& name);
  TapDevice(TapDevice&& other) noexcept;
  TapDevice& operator=(TapDevice&& other) noexcept;
  TapDevice(const TapDevice&) = delete;
  TapDevice& operator=(const TapDevice&) = delete;
  ~TapDevice();

  // Ethernet frames, read and written whole; never blocks.
  int handle() const { return handle_; }

 private:
  explicit TapDevice(int handle) : handle_(handle) {}
  int handle_ = -1;
};

}  // namespace millrace
