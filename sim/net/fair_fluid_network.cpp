#include "sim/net/fair_fluid_network.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "sim/net/link_rate.hpp"

namespace millrace {
namespace {

constexpr Bytes kAcknowledgement = Bytes(52);  // IPv4 20, TCP 20, timestamp option 12

// On a medium a frame has 38 bytes of Ethernet and keeps the medium busy until it has arrived everywhere;
// every second frame is followed by an acknowledgement on the same medium.
std::int64_t medium_overhead_bits(const SegmentSpec& segment) {
  const double propagation = static_cast<double>(segment.rate.bit_per_s()) * segment.delay.seconds();
  const auto acknowledgement = static_cast<double>((kAcknowledgement + Framing::kEthernetFrame).bits());
  return Framing::kEthernetFrame.bits() + std::llround(propagation + (acknowledgement + propagation) / 2);
}

}  // namespace

bool FairFluidNetwork::Event::operator>(const Event& o) const {
  return std::tie(at, kind, departed, order) > std::tie(o.at, o.kind, o.departed, o.order);
}

FairFluidNetwork::FairFluidNetwork(const NetworkSpec& spec, const NetworkTaps& taps, Windows windows)
    : meter_(taps.meter),
      watch_(taps),
      metered_(spec.links.size()),
      framing_(spec.transport, spec.mtu),
      routes_(spec),
      mtu_(spec.mtu),
      congestion_control_(spec.tcp_variant),
      windows_(windows),
      links_(spec.links) {
  for (const LinkSpec& link : spec.links) {
    resource_of_.push_back(link.segment ? spec.links.size() + *link.segment : resources_.size());
    overhead_bits_.push_back(link.segment ? medium_overhead_bits(spec.segments[*link.segment])
                                          : link.overhead.bits());
    resources_.push_back({.trace = rate_trace_of(link.rate)});
  }
  for (const SegmentSpec& segment : spec.segments)
    resources_.push_back({.trace = rate_trace_of(segment.rate)});
  for (std::size_t i = 0; i < links_.size(); ++i)
    capacities_.emplace_back(resources_[resource_of_[i]].trace, links_[i]);
  add_cross_traffic(spec);
}

std::vector<RouteHop> FairFluidNetwork::route(DeviceId from, DeviceId to) const {
  std::vector<RouteHop> hops;
  for (const LinkId link : routes_.path(from, to)) {
    const std::size_t resource = resource_of_[link.value];
    hops.push_back({.link = &links_[link.value],
                    .capacity = &capacities_[link.value],
                    .resource = resource,
                    .overhead_bits = overhead_bits_[link.value]});
  }
  return hops;
}

void FairFluidNetwork::add_cross_traffic(const NetworkSpec& spec) {
  for (std::size_t i = 0; i < spec.cross_traffic.size(); ++i) {
    const CrossTrafficSpec& cross = spec.cross_traffic[i];
    if (cross.kind == CrossTrafficKind::on_off) {
      datagrams_.push_back({.route = route(cross.from, cross.to),
                            .bursts = Bursts(cross, spec.seed, i),
                            .bit_per_s = static_cast<double>(cross.rate.bit_per_s())});
      OnOff& source = datagrams_.back();
      if (const auto burst = source.bursts.next()) {
        source.burst = *burst;
        source.next = burst->begin;
      }
      next_toggle_ = std::min(next_toggle_, source.next);
      continue;
    }
    bulks_.push_back(std::make_unique<Flow>(LoneSchedule(route(cross.from, cross.to), framing_),
                                            route(cross.to, cross.from), congestion_control_));
    bulks_.back()->endless = true;
    const std::uint64_t index = bulks_.size() - 1;
    events_.push({cross.start, Event::Kind::begin_bulk, cross.start, index, 0});
    if (cross.stop != Time::never()) events_.push({cross.stop, Event::Kind::end_bulk, cross.stop, index, 0});
  }
}

FairFluidNetwork::Flow& FairFluidNetwork::flow_of(DeviceId from, DeviceId to) {
  auto& slot = flows_[{from, to}];
  if (!slot)
    slot =
        std::make_unique<Flow>(LoneSchedule(route(from, to), framing_), route(to, from), congestion_control_);
  return *slot;
}

void FairFluidNetwork::schedule(Time at, Event::Kind kind, const Message& message) {
  events_.push({at, kind, message.submitted, message.order, message.ticket});
}

void FairFluidNetwork::submit(Time depart, const Transfer& transfer) {
  MR_CHECK(depart >= now_ && depart <= RateTrace::kHorizon, "a transfer departs now or later");
  MR_CHECK(transfer.from != transfer.to && transfer.size > Bytes(0));
  MR_CHECK(routes_.next(transfer.from, transfer.to).has_value(), "a transfer needs a route");
  const std::uint64_t order = submitted_++;
  const auto [message, is_new] = messages_.emplace(
      order, Message{.transfer = transfer, .order = order, .submitted = depart, .begun = {}});
  schedule(depart, Event::Kind::depart, message->second);
}

double FairFluidNetwork::wire_bits(const Message& message) const {
  return static_cast<double>(framing_.wire_size(message.transfer.size).bits());
}

bool FairFluidNetwork::meets_others(const Flow& flow) const {
  const auto& hops = flow.alone.route();
  return std::any_of(hops.begin(), hops.end(), [&](const RouteHop& hop) {
    const Resource& resource = resources_[hop.resource];
    return resource.datagram_sources > 0 || std::any_of(resource.active.begin(), resource.active.end(),
                                                        [&](const Flow* f) { return f != &flow; });
  });
}

std::vector<FairFluidNetwork::Flow*> FairFluidNetwork::neighbours(const Flow& flow) const {
  std::vector<Flow*> found;
  for (const RouteHop& hop : flow.alone.route())
    for (Flow* other : resources_[hop.resource].active)
      if (other != &flow && std::find(found.begin(), found.end(), other) == found.end())
        found.push_back(other);
  return found;
}

void FairFluidNetwork::activate(Flow& flow) {
  flow.active = true;
  for (const RouteHop& hop : flow.alone.route()) {
    auto& active = resources_[hop.resource].active;
    if (std::find(active.begin(), active.end(), &flow) == active.end()) active.push_back(&flow);
  }
  for (Flow* other : neighbours(flow)) start_sharing(*other);
  if (flow.endless || meets_others(flow)) start_sharing(flow);
}

void FairFluidNetwork::deactivate(Flow& flow) {
  advance_shared();
  flow.active = false;
  const auto others = neighbours(flow);
  for (const RouteHop& hop : flow.alone.route()) std::erase(resources_[hop.resource].active, &flow);
  if (flow.shares) {
    std::erase(sharing_, &flow);
    flow.shares = false;
    rates_stale_ = true;
  }
  for (Flow* other : others)
    if (other->shares && !other->endless && !meets_others(*other)) stop_sharing(*other);
}

// Places the message behind all others of its lone flow. Over several hops that takes some 0.3 us per packet
// and hop, an event some 4 us; cross traffic that comes and goes makes messages be placed again and again.
void FairFluidNetwork::place(Flow& flow, Message& message, double share) {
  constexpr std::uint64_t kPlacesPerEvent = 16;
  message.place = flow.alone.place(now_, message.transfer.size, share);
  wait_for_window(flow, message);
  watch_.worked(message.place.packets.size() * flow.alone.route().size() / kPlacesPerEvent);
  const auto released = message.place.released;
  if (!released) return;  // stuck in an outage without end, like all messages behind it
  schedule(*released, Event::Kind::leave, message);
}

// The flow's route at `at`, as its window sees it.
ExpectedFlow::Path FairFluidNetwork::path_of(const Flow& flow, Time at) const {
  ExpectedFlow::Path path{.round_trip = {}, .loss = 0, .burst = 1, .queue = {}, .drain = 0};
  double passes = 1;
  std::optional<BitRate> slowest;
  for (const RouteHop& hop : flow.alone.route()) {
    const LinkSpec& link = *hop.link;
    path.round_trip += link.delay.at(at);
    passes *= 1 - loss_at(link.loss, link.loss_model, at);
    path.burst = std::max(path.burst, loss_burst_at(link.loss, link.loss_model, at));
    const auto rate = hop.capacity->trace().rate_at(at);
    if (slowest && rate < *slowest) {
      path.queue = static_cast<double>(link.queue.count()) / static_cast<double>(mtu_.count());
      path.drain = static_cast<double>(rate.bit_per_s()) / static_cast<double>(slowest->bit_per_s());
    }
    slowest = std::min(slowest.value_or(rate), rate);
  }
  for (const RouteHop& hop : flow.back) path.round_trip += hop.link->delay.at(at);
  path.loss = 1 - passes;
  return path;
}

// Without delay and loss, the window never makes a link wait.
void FairFluidNetwork::wait_for_window(Flow& flow, Message& message) {
  auto& place = message.place;
  message.window.reset();
  if (windows_ == Windows::unlimited || !place.released) return;
  const auto path = path_of(flow, place.turn);
  if ((path.round_trip == Duration() && path.loss == 0) || path.loss > kMostLoss) return;
  const auto packets = packets_of(message) * place.share;
  const auto sending = *place.released - place.turn;  // on the slowest link
  if (sending <= Duration()) return;
  message.each = std::max(Duration::ns(1), Duration::from_seconds(sending.seconds() / packets));
  if (!std::exchange(message.continues, false))
    flow.window.begin(std::ceil(packets), message.submitted, place.turn, message.each, path);
  message.window = flow.window;
  flow.alone.delay(place, flow.window.send(std::ceil(packets), place.turn, message.each, path));
  place.arrives = *place.arrives + flow.window.repetition();
}

// The flow's window as it is now, when the share `left` of its first message is still to be sent.
void FairFluidNetwork::take_window_back(Flow& flow, Message& message, double left) {
  if (!message.window) return;
  message.continues = true;
  flow.window = *message.window;
  const auto sent = std::floor(packets_of(message) * (message.place.share - left));
  if (sent < 1) return;
  flow.window.send(sent, message.place.turn, message.each, path_of(flow, message.place.turn));
  flow.window.skip(now_ - flow.window.sent_until());
}

double FairFluidNetwork::packets_of(const Message& message) const {
  return static_cast<double>(framing_.packets(message.transfer.size));
}

// What its window lets a flow send that shares its route with others, in bits of IP packets.
std::optional<double> FairFluidNetwork::most_bit_per_s(const Flow& flow) const {
  if (windows_ == Windows::unlimited) return std::nullopt;
  const auto path = path_of(flow, now_);
  if (path.loss == 0 || path.loss > kMostLoss || path.round_trip == Duration()) return std::nullopt;
  const auto window = ExpectedFlow::mean_window(congestion_control_, path);
  if (!window) return std::nullopt;
  return *window * static_cast<double>(mtu_.bits()) / path.round_trip.seconds();
}

void FairFluidNetwork::start_sharing(Flow& flow) {
  if (flow.shares) return;
  advance_shared();
  flow.shares = true;
  flow.shares_since = now_;
  flow.bit_per_s = 0;
  sharing_.push_back(&flow);
  rates_stale_ = true;
  for (const std::uint64_t order : flow.queue) {
    Message& message = messages_.at(order);
    ++message.ticket;
    const double share = flow.alone.share_left(message.place, message.transfer.size, now_);
    if (order == flow.queue.front()) take_window_back(flow, message, share);
    message.bits_left = share * wire_bits(message);
    message.stored = share < 1;
    meter_carried(flow, message, message.bits_left, message.place.begins);
    if (message.place.begins < now_ && !message.begun) message.begun = message.place.begins;
  }
  flow.alone.forget(now_);
}

void FairFluidNetwork::stop_sharing(Flow& flow) {
  advance_shared();
  flow.shares = false;
  std::erase(sharing_, &flow);
  rates_stale_ = true;
  flow.window.skip(now_ - flow.shares_since);
  for (const std::uint64_t order : flow.queue) {
    Message& message = messages_.at(order);
    place(flow, message, std::clamp(message.bits_left / wire_bits(message), 0.0, 1.0));
  }
}

void FairFluidNetwork::depart(Message& message) {
  Flow& flow = flow_of(message.transfer.from, message.transfer.to);
  const bool first = flow.queue.empty();
  if (first && !flow.active) activate(flow);
  flow.queue.push_back(message.order);
  message.bits_left = wire_bits(message);
  if (meter_ != nullptr)
    for (const LinkId link : routes_.path(message.transfer.from, message.transfer.to))
      meter_->offered(link, now_, framing_.wire_size(message.transfer.size));
  if (!flow.shares) return place(flow, message, 1);
  if (first) rates_stale_ = true;
}

// Ends a message of a lone flow.
void FairFluidNetwork::leave(Message& message) {
  Flow& flow = flow_of(message.transfer.from, message.transfer.to);
  MR_CHECK(!flow.queue.empty() && flow.queue.front() == message.order);
  flow.queue.pop_front();
  const LonePlace& place = message.place;
  meter_carried(flow, message, 0, place.begins);
  const Time begun = message.begun.value_or(place.begins);
  message.delivery.queued = begun - message.submitted;
  message.delivery.wire = *place.left - begun;
  flow.last_delivery = std::max(flow.last_delivery, *place.arrives);
  schedule(flow.last_delivery, Event::Kind::deliver, message);
  if (flow.queue.empty()) deactivate(flow);
}

void FairFluidNetwork::handle(const Event& event) {
  if (event.kind == Event::Kind::begin_bulk) return activate(*bulks_[event.order]);
  if (event.kind == Event::Kind::end_bulk) return deactivate(*bulks_[event.order]);
  const auto found = messages_.find(event.order);
  if (found == messages_.end() || found->second.ticket != event.ticket) return;
  if (event.kind == Event::Kind::depart) return depart(found->second);
  leave(found->second);
}

// Recalculating stale rates may bring the next event forward, so the recalculation is due at once.
Time FairFluidNetwork::next_event() const {
  if (rates_stale_) return now_;
  return std::min({events_.empty() ? Time::never() : events_.top().at, next_shared_, next_toggle_});
}

std::optional<Delivery> FairFluidNetwork::run_until(Time limit) {
  MR_CHECK(limit >= now_, "a network does not run backwards");
  for (;;) {
    if (rates_stale_) set_rates();
    const Time event_at = events_.empty() ? Time::never() : events_.top().at;
    const Time next = std::min({event_at, next_shared_, next_toggle_});
    if (next >= limit) break;
    if (limit == Time::never() && !anything_can_happen()) break;
    now_ = next;
    if (watch_.ends_at(next)) return std::nullopt;
    if (next_shared_ == now_) {
      advance_shared();
      rates_stale_ = true;
      const auto sharing = sharing_;  // completing may end a flow's sharing
      for (Flow* flow : sharing) complete(*flow);
    } else if (next_toggle_ == now_) {
      toggle_datagrams();
    } else {
      const Event event = events_.top();
      events_.pop();
      if (event.kind != Event::Kind::deliver) {
        handle(event);
        continue;
      }
      const Message message = std::move(messages_.at(event.order));
      messages_.erase(event.order);
      Delivery delivery = message.delivery;
      delivery.id = message.transfer.id;
      delivery.at = now_;
      delivery.propagation = (now_ - message.submitted) - delivery.queued - delivery.wire;
      return delivery;
    }
  }
  if (limit != Time::never()) now_ = limit;
  return std::nullopt;
}

}  // namespace millrace
