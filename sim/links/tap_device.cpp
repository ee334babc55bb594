#include "sim/links/tap_device.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace millrace {

Result<TapDevice> TapDevice::create(const std::string& name) {
  constexpr const char* kPath = "/dev/net/tun";
  TapDevice device(open(kPath, O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (device.handle_ < 0)
    return Error{fmt::format("opening {}: {}; links with delay or loss need it (kernel module tun)", kPath,
                             std::strerror(errno))};
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (ioctl(device.handle_, TUNSETIFF, &request) != 0)
    return Error{fmt::format("making TAP device {}: {}", name, std::strerror(errno))};
  return device;
}

TapDevice::TapDevice(TapDevice&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}

TapDevice& TapDevice::operator=(TapDevice&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

TapDevice::~TapDevice() {
  if (handle_ >= 0) close(handle_);
}

}  // namespace millrace
