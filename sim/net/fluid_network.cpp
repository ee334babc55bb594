#include "sim/net/fluid_network.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "sim/net/link_rate.hpp"
#include "sim/net/network_check.hpp"

namespace millrace {
namespace {

constexpr Nanobits kNano = 1'000'000'000;

// 1/(1-loss), in integers so that every machine computes the same.
Nanobits expected_per_bit(double loss) {
  const auto arrives = std::max<std::int64_t>(1, std::llround((1 - loss) * 1e9));
  return kNano * kNano / arrives;
}

}  // namespace

bool FluidNetwork::Event::operator>(const Event& o) const {
  return std::tie(at, delivers, departed, order) > std::tie(o.at, o.delivers, o.departed, o.order);
}

FluidNetwork::FluidNetwork(const NetworkSpec& spec) : framing_(spec.transport, spec.mtu), routes_(spec) {
  links_.reserve(spec.links.size());
  for (const LinkSpec& link : spec.links)
    links_.push_back(
        {.to = link.to, .trace = rate_trace_of(link.rate), .delay = link.delay,
         .per_bit = expected_per_bit(link.loss)});
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
  const auto flight = flights_.emplace(order, Flight{.transfer = transfer,
                                 .order = order,
                                 .submitted = depart,
                                 .link = *link,
                                 .previous = {},
                                 .last_packet = depart,
                                 .delivery = {}}).first;
  schedule(depart, false, flight->second);
}

// The whole message takes its place in the link's queue when its first packet is there (virtual cut-through).
// It has left when the link has served that place, but not before its last packet was there and was served.
void FluidNetwork::enter_link(Flight& flight, Time first_packet) {
  Link& link = links_[flight.link.value];
  const Bytes size = flight.transfer.size;
  const auto needs = [&](Bytes wire) { return Nanobits{wire.bits()} * link.per_bit; };
  const Nanobits start = std::max(link.position, link.trace->cumulative(first_packet));
  link.position = start + needs(framing_.wire_size(size));
  const auto served = link.trace->when(link.position);
  Nanobits last_place = link.position;
  if (flight.previous) {
    Nanobits& tail = link.tails[flight.previous->value];
    tail = std::max(tail, link.trace->cumulative(flight.last_packet)) + needs(framing_.last_packet(size));
    last_place = tail;
  }
  const auto last_served = link.trace->when(last_place);
  if (link.dead || !served || !last_served) {
    link.dead = true;
    flights_.erase(flight.order);
    return;
  }
  const Time left = std::max(*served, *last_served);
  if (!flight.previous) {
    const Time begins = link.trace->departure(start).value();
    flight.delivery.queued = begins - flight.submitted;
    flight.delivery.wire = left - begins;
  }
  flight.last_packet = left + link.delay;
  if (link.to == flight.transfer.to) return schedule(flight.last_packet, true, flight);
  const Time first_left = link.trace->when(start + needs(framing_.first_packet(size))).value();
  flight.previous = flight.link;
  flight.link = routes_.next(link.to, flight.transfer.to).value();
  schedule(first_left + link.delay, false, flight);
}

std::optional<Delivery> FluidNetwork::run_until(Time limit) {
  MR_CHECK(limit >= now_, "a network does not run backwards");
  while (!events_.empty() && events_.top().at < limit) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
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

Result<std::unique_ptr<Network>> make_fluid_network(const NetworkSpec& spec) {
  if (auto checked = check_network(spec); !checked) return checked.error();
  return std::unique_ptr<Network>(std::make_unique<FluidNetwork>(spec));
}

}  // namespace millrace
