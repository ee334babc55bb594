// Static routes: fewest hops; among equals the route over the link declared first. Every network uses them,
// so that all networks send the same bytes over the same links.
#pragma once

#include <optional>
#include <vector>

#include "sim/net/network_spec.hpp"

namespace millrace {

class Routes {
 public:
  // Links are those of the spec, LinkId = index. REQUIRES every link to join two devices of the spec.
  explicit Routes(const NetworkSpec& spec);

  // The link a packet takes from `at` towards `to`; nothing if there is no route. REQUIRES at != to.
  std::optional<LinkId> next(DeviceId at, DeviceId to) const;
  // All links of the route, in order; empty if there is no route. REQUIRES from != to.
  std::vector<LinkId> path(DeviceId from, DeviceId to) const;

 private:
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;
  std::vector<DeviceId> link_to_;
  // Per destination, computed at the first request: the next link from every device.
  const std::vector<std::uint32_t>& towards(DeviceId to) const;
  std::vector<std::vector<std::uint32_t>> links_into_;  // per device, in order of declaration
  std::vector<DeviceId> link_from_;
  mutable std::vector<std::vector<std::uint32_t>> next_;
};

}  // namespace millrace
