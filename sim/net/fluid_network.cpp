#include "sim/net/fluid_network.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "sim/net/fair_fluid_network.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/net/network_check.hpp"

namespace millrace {
bool FluidNetwork::Event::operator>(const Event& o) const {
  return std::tie(at, delivers, departed, order) > std::tie(o.at, o.delivers, o.departed, o.order);
}

FluidNetwork::FluidNetwork(const NetworkSpec& spec, const NetworkTaps& taps)
    : meter_(taps.meter), watch_(taps), framing_(spec.transport, spec.mtu), routes_(spec) {
  links_.reserve(spec.links.size());
  for (const LinkSpec& link : spec.links)
    links_.push_back({.to = link.to,
                      .capacity = LossyCapacity(rate_trace_of(link.rate), link),
                      .delay = link.delay,
                      .overhead = link.overhead});
}

void FluidNetwork::schedule(Time at, bool delivers, const Flight& flight) {
  events_.push({.at = at, .delivers = delivers, .departed = flight.submitted, .order = flight.order});
}

void FluidNetwork::submit(Time depart, const Transfer& transfer) {
  MR_CHECK(depart >= now_ && depart <= RateTrace::kHorizon, "a transfer departs now or later");
  MR_CHECK(transfer.from != transfer.to && transfer.size > Bytes(0));
  const auto link = routes_.next(transfer.from, transfer.to);
  MR_CHECK(link.has_value(), "a transfer needs a route");
  const std::uint64_t order = submitted_++;
  const auto flight = flights_
                          .emplace(order, Flight{.transfer = transfer,
                                                 .order = order,
                                                 .submitted = depart,
                                                 .link = *link,
                                                 .previous = {},
                                                 .packets = {},
                                                 .delivery = {}})
                          .first;
  schedule(depart, false, flight->second);
}

// A whole message takes its place in the link's queue when its first packet is there; messages from other
// links do the same, so messages do not mix packet by packet. Within one message a packet leaves when the
// link has served its place, but not before the packet has arrived.
void FluidNetwork::enter_link(Flight& flight, Time first_packet) {
  Link& link = links_[flight.link.value];
  const RateTrace& trace = link.capacity.trace();
  const Nanobits start = std::max(link.position, trace.cumulative(first_packet));
  const Bytes wire_size =
      framing_.wire_size(flight.transfer.size) + link.overhead * framing_.packets(flight.transfer.size);
  link.position = link.capacity.end(start, nanobits(wire_size));
  if (meter_ != nullptr) {
    const Bytes wire = framing_.wire_size(flight.transfer.size);
    meter_->offered(flight.link, first_packet, wire);
    meter_->carried(flight.link, link.capacity, {start, link.position, wire});
  }
  const bool arrives = link.to == flight.transfer.to;
  // One place for all packets suffices if all are there already and nothing depends on their own instants.
  const bool as_one = !flight.previous && arrives && link.delay.constant();
  const auto left = as_one ? trace.when(link.position) : packet_by_packet(link, flight, start);
  if (link.dead || !left) {
    link.dead = true;
    flights_.erase(flight.order);
    return;
  }
  if (!flight.previous) {
    const Time begins = trace.departure(start).value();
    flight.delivery.queued = begins - flight.submitted;
    flight.delivery.wire = *left - begins;
  }
  if (arrives) return schedule(arrival(link, *left), true, flight);
  flight.previous = flight.link;
  flight.link = routes_.next(link.to, flight.transfer.to).value();
  schedule(flight.packets.front(), false, flight);
}

// When the last packet has left; nothing if never. Changes flight.packets to the arrivals at the link's other
// end.
std::optional<Time> FluidNetwork::packet_by_packet(Link& link, Flight& flight, Nanobits place) {
  const RateTrace& trace = link.capacity.trace();
  const Bytes size = flight.transfer.size;
  const auto count = static_cast<std::size_t>(framing_.packets(size));
  const bool all_there = flight.packets.empty();
  flight.packets.resize(count);
  Nanobits* tail = flight.previous ? &link.tails[flight.previous->value] : nullptr;
  if (tail != nullptr) place = std::max(place, *tail);
  std::optional<Time> left;
  for (std::size_t i = 0; i < count; ++i) {
    if (!all_there) place = std::max(place, trace.cumulative(flight.packets[i]));
    const Bytes wire = i + 1 < count ? framing_.payload() + framing_.header() : framing_.last_packet(size);
    place = link.capacity.end(place, nanobits(wire + link.overhead));
    left = trace.when(place);
    if (!left) return std::nullopt;
    flight.packets[i] = arrival(link, *left);
  }
  if (tail != nullptr) *tail = place;
  return left;
}

Time FluidNetwork::arrival(Link& link, Time left) {
  const Time arrives = left + link.delay.at(left);
  if (link.delay.constant()) return arrives;
  return link.last_arrival = std::max(link.last_arrival, arrives);
}

std::optional<Delivery> FluidNetwork::run_until(Time limit) {
  MR_CHECK(limit >= now_, "a network does not run backwards");
  while (!events_.empty() && events_.top().at < limit) {
    const Event event = events_.top();
    now_ = event.at;
    if (watch_.ends_at(event.at)) return std::nullopt;
    events_.pop();
    const auto found = flights_.find(event.order);
    if (!event.delivers) {
      enter_link(found->second, event.at);
      continue;
    }
    const Flight flight = std::move(found->second);
    flights_.erase(found);
    Delivery delivery = flight.delivery;
    delivery.id = flight.transfer.id;
    delivery.at = event.at;
    delivery.propagation = (event.at - flight.submitted) - delivery.queued - delivery.wire;
    return delivery;
  }
  if (limit != Time::never()) now_ = limit;
  return std::nullopt;
}

Result<std::unique_ptr<Network>> make_fluid_network(const NetworkSpec& spec, const NetworkTaps& taps) {
  MR_CHECK(taps.captures.empty(), "a network without packets captures none");
  if (auto checked = check_network(spec); !checked) return checked.error();
  for (const SegmentSpec& segment : spec.segments)
    if (segment.kind == SegmentKind::wifi)
      return Error{
          fmt::format("network: segment {} is Wi-Fi, whose capacity depends on who contends for it; the "
                      "fluid network does not model that: set network.kind to ns3, or give the "
                      "devices links with rates measured there",
                      segment.name),
          ExitCode::invalid_input};
  if (spec.transport == Transport::tcp)
    return std::unique_ptr<Network>(std::make_unique<FairFluidNetwork>(spec, taps));
  return std::unique_ptr<Network>(std::make_unique<FluidNetwork>(spec, taps));
}

}  // namespace millrace
