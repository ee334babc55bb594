#include "sim/net/network_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "sim/net/expected_loss.hpp"
#include "sim/net/framing.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/net/routes.hpp"
#include "sim/net/wifi_rates.hpp"
#include "sim/tcp/congestion_window.hpp"

namespace millrace {
namespace {

Error invalid(std::string message) { return {std::move(message), ExitCode::invalid_input}; }

bool rate_is_valid(const LinkRate& rate) {
  if (const auto* constant = std::get_if<BitRate>(&rate))
    return constant->bit_per_s() >= 0 && constant->bit_per_s() <= RateTrace::kMaxBitPerS;
  if (const auto* trace = std::get_if<std::shared_ptr<const RateTrace>>(&rate)) return *trace != nullptr;
  return std::get<std::shared_ptr<const DeliverySchedule>>(rate) != nullptr;
}

template <class Value>
std::vector<Value> values_of(const Scheduled<Value>& scheduled) {
  std::vector<Value> values;
  for (const auto& step : scheduled.steps()) values.push_back(step.second);
  if (const auto* series = scheduled.series())
    for (const auto& step : series->values) values.push_back(step.second);
  return values;
}

// Loss 1 for a time is an outage in which the link goes on sending; loss 1 for ever is refused.
Result<void> check_loss(const Scheduled<double>& loss) {
  for (const double value : values_of(loss)) {
    if (!(value >= 0 && value <= 1))
      return invalid(fmt::format("loss must be >= 0 and < 1 (1 for a time only), got {}", value));
  }
  const auto& last = loss.steps().back();
  bool passes = last.second < 1;
  if (const auto* series = loss.series(); series != nullptr && loss.steps().size() == 1) {
    const auto below_1 = [](const auto& step) { return step.second < 1; };
    passes = series->loops ? std::any_of(series->values.begin(), series->values.end(), below_1)
                           : below_1(series->values.back());
  }
  if (passes) return {};
  return invalid("loss must be >= 0 and < 1 in the end, got 1 without end: nothing would ever arrive");
}

bool passes(const GilbertElliott& model) {
  for (const double chance : {model.p, model.r, model.good_loss, model.bad_loss})
    if (!(chance >= 0 && chance <= 1)) return false;
  return model.mean_loss() < 1 && (model.p == 0 || model.r > 0);
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
    return invalid(fmt::format("{}: the rate must be from 0 to {} or a trace", name, kMaxRateText));
  for (const Duration delay : values_of(link.delay)) {
    if (delay < Duration{} || delay > kMaxDelay)
      return invalid(fmt::format("{}: delay must be from 0 to {:g} s, got {:g} s", name, kMaxDelay.seconds(),
                                 delay.seconds()));
  }
  if (link.queue < spec.mtu)
    return invalid(fmt::format("{}: queue must hold at least one packet of {} bytes, got {}", name,
                               spec.mtu.count(), link.queue.count()));
  if (auto passed = check_loss(link.loss); !passed) return passed.error().in(name);
  if (link.loss_model && !passes(*link.loss_model))
    return invalid(name + ": a loss model has probabilities from 0 to 1 and a mean loss below 1");
  if (link.overhead < Bytes(0) || link.overhead > Framing::kMaxMtu)
    return invalid(fmt::format("{}: overhead must be from 0 to {} bytes, got {}", name,
                               Framing::kMaxMtu.count(), link.overhead.count()));
  return {};
}

Result<void> check_wifi(const NetworkSpec& spec, const SegmentSpec& segment, const std::string& name) {
  if (!wifi_peak_rate(segment.wifi.standard))
    return invalid(fmt::format("{}: no standard of Wi-Fi is called \"{}\"", name, segment.wifi.standard));
  if (spec.mtu > kWifiMaxMtu)
    return invalid(fmt::format("{}: a frame of Wi-Fi holds packets of {} B at most, and network.mtu is {} B",
                               name, kWifiMaxMtu.count(), spec.mtu.count()));
  for (const SegmentSpec& other : spec.segments) {
    if (&other == &segment || other.kind != SegmentKind::wifi) continue;
    for (const DeviceId member : segment.members)
      if (std::find(other.members.begin(), other.members.end(), member) != other.members.end())
        return invalid(
            fmt::format("{}: {} is in segment {} too; a device stands in one place and has one "
                        "Wi-Fi",
                        name, spec.devices[member.value], other.name));
  }
  return {};
}

// Checks media, their members and links, and that the transport is tcp, which alone can share them.
Result<void> check_media(const NetworkSpec& spec) {
  for (const SegmentSpec& segment : spec.segments) {
    const std::string name = fmt::format("network: segment {}", segment.name);
    if (segment.kind == SegmentKind::wifi) {
      if (auto sound = check_wifi(spec, segment, name); !sound) return sound;
    } else if (segment.kind != SegmentKind::csma) {
      return invalid(name + " must be a medium; a star is links");
    }
    if (spec.transport != Transport::tcp)
      return invalid(name + " needs transport tcp: bare packets share no medium");
    if (segment.rate <= BitRate(0) || segment.rate.bit_per_s() > RateTrace::kMaxBitPerS)
      return invalid(fmt::format("{}: the rate must be above 0 and at most {}", name, kMaxRateText));
    if (segment.queue < spec.mtu) return invalid(name + ": queue must hold at least one packet");
  }
  for (const LinkSpec& link : spec.links)
    if (link.segment && *link.segment >= spec.segments.size())
      return invalid("network: a link is in a segment that is not there");
  return {};
}

Result<void> check_cross_traffic(const NetworkSpec& spec) {
  const Routes routes(spec);
  for (const CrossTrafficSpec& cross : spec.cross_traffic) {
    if (spec.transport != Transport::tcp) return invalid("network: cross traffic needs transport tcp");
    const auto count = spec.devices.size();
    if (cross.from.value >= count || cross.to.value >= count || cross.from == cross.to)
      return invalid("network: cross traffic goes from one device to another");
    if (!routes.next(cross.from, cross.to))
      return invalid(fmt::format("network: cross traffic has no route from {} to {}",
                                 spec.devices[cross.from.value], spec.devices[cross.to.value]));
    if (cross.kind == CrossTrafficKind::on_off && (cross.rate <= BitRate(0) || cross.on <= Duration{} ||
                                                   cross.off < Duration{} || cross.stop <= cross.start))
      return invalid("network: on-off traffic needs a rate, a time on, and an end after its start");
  }
  return {};
}

// What a network says of TCP under loss must be what Linux does there; of other congestion controls it is not
// known.
Result<void> check_congestion_control(const NetworkSpec& spec) {
  const auto& held = linux_congestion_controls();
  if (std::ranges::find(held, spec.tcp_variant) != held.end()) return {};
  const auto lossy = std::ranges::find_if(spec.links, loses);
  if (lossy == spec.links.end()) return {};
  return invalid(
      fmt::format("network: link {} -> {} loses packets, and what tcp: {} makes of losses is not compared "
                  "with Linux; choose one of {} for network.tcp, or set the loss to 0",
                  spec.devices[lossy->from.value], spec.devices[lossy->to.value], spec.tcp_variant,
                  fmt::join(held, ", ")));
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
  if (auto checked = check_media(spec); !checked) return checked;
  if (auto checked = check_cross_traffic(spec); !checked) return checked;
  if (spec.transport != Transport::tcp) return {};
  if (auto checked = check_congestion_control(spec); !checked) return checked;
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
  if (from == to || routes.next(from, to)) return {};  // with tcp every link, so every path, has a way back
  return invalid(
      fmt::format("network: no route from {} to {}", spec.devices[from.value], spec.devices[to.value]));
}

}  // namespace millrace
