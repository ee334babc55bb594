// FairFluidNetwork's rates: what each flow gets while flows share, and until when.
#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/net/expected_loss.hpp"
#include "sim/net/fair_fluid_network.hpp"

namespace millrace {
namespace {

constexpr double kNegligible_bits = 1e-3;
constexpr double kNothingArrives = 1e-9;  // share that arrives at loss 1, so that a rate stays finite

// The time in which `bits` pass, rounded up to ns.
Duration time_for(double bits, double bit_per_s) {
  const double ns = std::ceil(bits / bit_per_s * 1e9);
  return Duration::ns(ns < 4e18 ? std::max<std::int64_t>(1, static_cast<std::int64_t>(ns))
                                : std::int64_t{1} << 62);
}

}  // namespace

// Subtracts what has been sent since the rates were set.
void FairFluidNetwork::advance_shared() {
  const Time since = std::exchange(rates_since_, now_);
  const double seconds = (now_ - since).seconds();
  if (seconds <= 0) return;
  for (Flow* flow : sharing_) {
    double sent = flow->bit_per_s * seconds;
    for (const std::uint64_t order : flow->queue) {
      Message& message = messages_.at(order);
      const double taken = std::min(sent, message.bits_left);
      message.bits_left -= taken;
      sent -= taken;
      meter_carried(*flow, message, message.bits_left, since);
      if (sent <= 0) break;
    }
  }
}

// Tells the meter what has passed of the message since the last call, on all its links, from `since` on or
// from the position already reported if that is later.
void FairFluidNetwork::meter_carried(const Flow& flow, Message& message, double bits_left, Time since) {
  if (meter_ == nullptr) return;
  const Bytes wire = framing_.wire_size(message.transfer.size);
  const auto left = Bytes(std::llround(bits_left / 8));
  const Bytes passed = wire - left - message.metered;
  if (passed <= Bytes(0)) return;
  message.metered += passed;
  for (const RouteHop& hop : flow.alone.route()) {
    const auto link = static_cast<std::uint32_t>(hop.link - links_.data());
    const auto packets = framing_.packets(message.transfer.size);
    const Nanobits overhead = Nanobits{packets * hop.overhead_bits} * passed.bits() / wire.bits();
    const Nanobits from = std::max(metered_[link], hop.capacity->trace().cumulative(since));
    metered_[link] = hop.capacity->end(from, nanobits(passed) + overhead * 1'000'000'000);
    meter_->carried(LinkId{link}, *hop.capacity, {from, metered_[link], passed});
  }
}

// What a bit of the flow's IP packets takes of each link, layer 2 and repetitions included.
std::vector<ResourceUse> FairFluidNetwork::uses(const Flow& flow) const {
  double bits = static_cast<double>(mtu_.bits()), packets = 1;
  if (!flow.endless) {
    const Message& head = messages_.at(flow.queue.front());
    bits = wire_bits(head);
    packets = static_cast<double>(framing_.packets(head.transfer.size));
  }
  std::vector<ResourceUse> found;
  for (const RouteHop& hop : flow.alone.route()) {
    const double loss = loss_at(hop.link->loss, hop.link->loss_model, now_);
    found.push_back({hop.resource, (1 + packets * static_cast<double>(hop.overhead_bits) / bits) /
                                       std::max(kNothingArrives, 1 - loss)});
  }
  return found;
}

void FairFluidNetwork::set_rates() {
  advance_shared();
  rates_stale_ = false;
  next_shared_ = Time::never();
  std::vector<Flow*> sending;
  std::vector<MaxMinFlow> flows;
  std::vector<std::size_t> used;
  std::vector<double> capacities(resources_.size());
  bool anybody_waits = false;
  for (Flow* flow : sharing_) {
    flow->bit_per_s = 0;
    if (!flow->endless && flow->queue.empty()) continue;
    anybody_waits = anybody_waits || !flow->endless;
    sending.push_back(flow);
    flows.push_back({uses(*flow)});
    for (const auto& use : flows.back().uses) used.push_back(use.resource);
    if (const auto most = most_bit_per_s(*flow)) {
      flows.back().uses.push_back({capacities.size(), 1});
      capacities.push_back(*most);
    }
    next_shared_ = std::min(next_shared_, next_loss(*flow));
  }
  if (!anybody_waits) return;  // no message waits, so the rates do not matter
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  set_datagram_rates();
  for (const std::size_t r : used) {
    const Resource& resource = resources_[r];
    const auto rate = static_cast<double>(resource.trace->rate_at(now_).bit_per_s());
    capacities[r] = std::max(0.0, rate - resource.datagrams_bit_per_s);
    next_shared_ = std::min(next_shared_, next_step(resource));
  }
  const auto rates = max_min_rates(capacities, flows);
  for (std::size_t i = 0; i < sending.size(); ++i) {
    Flow& flow = *sending[i];
    flow.bit_per_s = rates[i];
    if (flow.endless || rates[i] <= 0) continue;
    Message& head = messages_.at(flow.queue.front());
    if (!head.begun) head.begun = now_;
    next_shared_ = std::min(next_shared_, now_ + time_for(head.bits_left, rates[i]));
  }
}

// When the loss next changes on one of the flow's links.
Time FairFluidNetwork::next_loss(const Flow& flow) const {
  Time next = Time::never();
  for (const RouteHop& hop : flow.alone.route())
    next = std::min(next, loss_changes_after(hop.link->loss, hop.link->loss_model, now_));
  return next;
}

Time FairFluidNetwork::next_step(const Resource& resource) const {
  const RateTrace& trace = *resource.trace;
  const Duration phase = trace.phase(now_);
  if (phase >= trace.duration() || (trace.size() == 1 && trace.at_end() != TraceEnd::once))
    return Time::never();
  return now_ + (trace.next_step(phase) - phase);
}

// Removes the messages at the head of the flow that are sent wholly, and schedules their delivery.
void FairFluidNetwork::complete(Flow& flow) {
  while (flow.shares && !flow.queue.empty()) {
    Message& message = messages_.at(flow.queue.front());
    if (message.bits_left > kNegligible_bits) return;
    flow.queue.pop_front();
    const Time begun = message.begun.value_or(now_);
    message.delivery.queued = begun - message.submitted;
    message.delivery.wire = now_ - begun;
    Time arrives = now_;
    const auto& hops = flow.alone.route();
    for (std::size_t i = 0; i < hops.size(); ++i) {
      arrives = arrives + hops[i].link->delay.at(arrives);
      const auto rate = static_cast<double>(hops[i].capacity->trace().rate_at(now_).bit_per_s());
      if (i == 0 || rate <= 0 || message.stored) continue;  // the last packet, stored and forwarded
      const auto bits = framing_.last_packet(message.transfer.size).bits() + hops[i].overhead_bits;
      arrives = arrives + time_for(static_cast<double>(bits), rate);
    }
    ++message.ticket;
    flow.last_delivery = std::max(flow.last_delivery, arrives);
    schedule(flow.last_delivery, Event::Kind::deliver, message);
    if (flow.queue.empty()) deactivate(flow);
  }
}

// Datagrams do not back off: they get what they send, up to nearly all of a link; where that is not enough,
// all are reduced by the same factor.
void FairFluidNetwork::set_datagram_rates() {
  if (datagrams_.empty()) return;
  std::vector<double> wanted(resources_.size()), passed(resources_.size(), 1);
  const auto weight = [&](const RouteHop& hop) {
    return 1 + static_cast<double>(hop.overhead_bits) / static_cast<double>(mtu_.bits());
  };
  for (const OnOff& source : datagrams_)
    for (const RouteHop& hop : source.route)
      if (source.on) wanted[hop.resource] += source.bit_per_s * weight(hop);
  for (std::size_t r = 0; r < resources_.size(); ++r) {
    const double most =
        (1 - kLeftByDatagrams) * static_cast<double>(resources_[r].trace->rate_at(now_).bit_per_s());
    if (wanted[r] > most) passed[r] = most / wanted[r];
    resources_[r].datagrams_bit_per_s = 0;
    resources_[r].datagram_sources = 0;
  }
  for (const OnOff& source : datagrams_) {
    double share = source.on ? 1 : 0;
    for (const RouteHop& hop : source.route) {
      share = std::min(share, passed[hop.resource]);
      if (!source.on) continue;
      resources_[hop.resource].datagrams_bit_per_s += share * source.bit_per_s * weight(hop);
      ++resources_[hop.resource].datagram_sources;
    }
  }
}

void FairFluidNetwork::toggle_datagrams() {
  advance_shared();
  next_toggle_ = Time::never();
  for (OnOff& source : datagrams_) {
    while (source.next <= now_) {
      if (!source.on) {
        source.on = true;
        source.next = source.burst.end;
      } else {
        const auto burst = source.bursts.next();
        source.on = burst && burst->begin == now_;
        if (burst) source.burst = *burst;
        source.next = !burst ? Time::never() : (source.on ? burst->end : burst->begin);
      }
    }
    next_toggle_ = std::min(next_toggle_, source.next);
  }
  set_datagram_rates();
  rates_stale_ = true;
  for (const auto& [pair, flow] : flows_) {
    if (!flow->active) continue;
    const bool meets = meets_others(*flow);
    if (meets && !flow->shares) start_sharing(*flow);
    if (!meets && flow->shares) stop_sharing(*flow);
  }
}

// Whether any message under way can still arrive. Traces that step and datagrams that come and go do not
// count as such.
bool FairFluidNetwork::anything_can_happen() const {
  if (messages_.empty()) return false;
  if (!events_.empty()) return true;
  return std::any_of(messages_.begin(), messages_.end(), [&](const auto& entry) {
    const Transfer& transfer = entry.second.transfer;
    const auto path = routes_.path(transfer.from, transfer.to);
    return std::all_of(path.begin(), path.end(), [&](LinkId link) {
      const RateTrace& trace = *resources_[resource_of_[link.value]].trace;
      return trace.departure(trace.cumulative(now_)).has_value();
    });
  });
}

}  // namespace millrace
