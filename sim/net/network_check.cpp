#include "sim/net/network_check.hpp"

#include <fmt/core.h>

#include <cmath>
#include <set>
#include <utility>

#include "runtime/scenario/names.hpp"
#include "sim/net/framing.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/net/routes.hpp"

namespace millrace {
namespace {

Error invalid(std::string message) { return {std::move(message), ExitCode::invalid_input}; }

bool rate_is_valid(const LinkRate& rate) {
  if (const auto* constant = std::get_if<BitRate>(&rate))
    return constant->bit_per_s() >= 0 && constant->bit_per_s() <= RateTrace::kMaxBitPerS;
  if (const auto* trace = std::get_if<std::shared_ptr<const RateTrace>>(&rate)) return *trace != nullptr;
  return std::get<std::shared_ptr<const DeliverySchedule>>(rate) != nullptr;
}

Result<void> check_link(const NetworkSpec& spec, const LinkSpec& link) {
  const auto& names = spec.devices;
  if (link.from.value >= names.size() || link.to.value >= names.size())
    return invalid(fmt::format("network: a link goes from device {} to device {}, but there are only {}",
                               link.from.value, link.to.value, names.size()));
  const std::string name =
      fmt::format("network: link {} -> {}", names[link.from.value], names[link.to.value]);
  if (link.from == link.to) return invalid(name + " must join two different devices");
  if (!rate_is_valid(link.rate))
    return invalid(
        fmt::format("{}: the rate must be from 0 to {} bit/s or a trace", name, RateTrace::kMaxBitPerS));
  for (const auto& [from, delay] : link.delay.steps()) {
    if (delay < Duration{} || delay > kMaxDelay)
      return invalid(fmt::format("{}: delay must be from 0 to {:g} s, got {:g} s", name, kMaxDelay.seconds(),
                                 delay.seconds()));
  }
  if (link.queue < spec.mtu)
    return invalid(fmt::format("{}: queue must hold at least one packet of {} bytes, got {}", name,
                               spec.mtu.count(), link.queue.count()));
  for (const auto& [from, loss] : link.loss.steps()) {
    if (!(loss >= 0 && loss < 1))
      return invalid(fmt::format("{}: loss must be >= 0 and < 1, got {}", name, loss));
  }
  return {};
}

}  // namespace

Result<void> check_network(const NetworkSpec& spec) {
  if (spec.devices.size() > kMaxDevices || spec.links.size() > kMaxLinks)
    return invalid(fmt::format("network: at most {} devices and {} links, got {} and {}", kMaxDevices,
                               kMaxLinks, spec.devices.size(), spec.links.size()));
  if (spec.mtu < Framing::kMinMtu || spec.mtu > Framing::kMaxMtu)
    return invalid(fmt::format("network: mtu must be from {} to {} bytes, got {}", Framing::kMinMtu.count(),
                               Framing::kMaxMtu.count(), spec.mtu.count()));
  std::set<std::pair<DeviceId, DeviceId>> seen;
  for (const LinkSpec& link : spec.links) {
    if (auto checked = check_link(spec, link); !checked) return checked;
    if (!seen.emplace(link.from, link.to).second)
      return invalid(fmt::format("network: link {} -> {} is declared twice", spec.devices[link.from.value],
                                 spec.devices[link.to.value]));
  }
  for (const SegmentSpec& segment : spec.segments)
    return invalid(fmt::format("network: no network here simulates {} yet (segment {})",
                               name_of(segment.kind), segment.name));
  if (!spec.cross_traffic.empty()) return invalid("network: no network here simulates cross traffic yet");
  if (spec.transport != Transport::tcp) return {};
  const Routes routes(spec);
  for (const LinkSpec& link : spec.links)
    if (!routes.next(link.to, link.from))
      return invalid(fmt::format("network: link {} -> {}: tcp needs a way back for its acknowledgements",
                                 spec.devices[link.from.value], spec.devices[link.to.value]));
  return {};
}

Result<void> check_route(const NetworkSpec& spec, DeviceId from, DeviceId to) {
  MR_CHECK(from.value < spec.devices.size() && to.value < spec.devices.size());
  const Routes routes(spec);
  if (from == to || routes.next(from, to)) return {};  // with tcp every link has a way back, so paths have
  return invalid(
      fmt::format("network: no route from {} to {}", spec.devices[from.value], spec.devices[to.value]));
}

}  // namespace millrace
