#include "sim/net/routes.hpp"

#include <deque>

#include "runtime/base/check.hpp"

namespace millrace {

Routes::Routes(const NetworkSpec& spec) : links_into_(spec.devices.size()), next_(spec.devices.size()) {
  for (std::uint32_t i = 0; i < spec.links.size(); ++i) {
    link_from_.push_back(spec.links[i].from);
    link_to_.push_back(spec.links[i].to);
    links_into_.at(spec.links[i].to.value).push_back(i);
  }
}

// A breadth-first search backwards from the destination gives every device's distance; then each device takes
// its first declared link that leads one hop nearer.
const std::vector<std::uint32_t>& Routes::towards(DeviceId to) const {
  auto& next = next_.at(to.value);
  if (!next.empty()) return next;
  next.assign(links_into_.size(), kNone);
  std::vector<std::uint32_t> hops(links_into_.size(), kNone);
  hops[to.value] = 0;
  std::deque<DeviceId> open{to};
  for (; !open.empty(); open.pop_front()) {
    const DeviceId reached = open.front();
    for (const std::uint32_t link : links_into_[reached.value]) {
      const DeviceId from = link_from_[link];
      if (hops[from.value] == kNone) {
        hops[from.value] = hops[reached.value] + 1;
        open.push_back(from);
      }
      const bool nearer = hops[from.value] == hops[reached.value] + 1;
      if (nearer && link < next[from.value]) next[from.value] = link;
    }
  }
  return next;
}

std::optional<LinkId> Routes::next(DeviceId at, DeviceId to) const {
  MR_CHECK(at != to);
  const std::uint32_t link = towards(to).at(at.value);
  if (link == kNone) return std::nullopt;
  return LinkId{link};
}

std::vector<LinkId> Routes::path(DeviceId from, DeviceId to) const {
  std::vector<LinkId> links;
  for (DeviceId at = from; at != to; at = link_to_[links.back().value]) {
    const auto link = next(at, to);
    if (!link) return {};
    links.push_back(*link);
  }
  return links;
}

}  // namespace millrace
