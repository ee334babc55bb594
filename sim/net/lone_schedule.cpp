#include "sim/net/lone_schedule.hpp"

#include <algorithm>
#include <utility>

namespace millrace {
namespace {

constexpr Nanobits kNano = 1'000'000'000;

Nanobits part(Nanobits whole, double share) {
  if (share >= 1) return whole;
  return static_cast<Nanobits>(static_cast<double>(whole) * share);
}

}  // namespace

LoneSchedule::LoneSchedule(std::vector<RouteHop> route, Framing framing)
    : route_(std::move(route)), framing_(framing), ends_(route_.size()), last_arrival_(route_.size()) {}

void LoneSchedule::forget(Time now) {
  for (std::size_t i = 0; i < route_.size(); ++i) ends_[i] = std::min(ends_[i], trace(i).cumulative(now));
  std::fill(last_arrival_.begin(), last_arrival_.end(), Time::zero());
  last_released_ = Time::zero();
}

Nanobits LoneSchedule::wire(Bytes size, std::int64_t packets, std::size_t hop) const {
  return Nanobits{framing_.wire_size(size).bits() + route_[hop].overhead_bits * packets} * kNano;
}

Nanobits LoneSchedule::packet_bits(Bytes size, std::int64_t packet, std::int64_t count) const {
  const Bytes wire = packet + 1 < count ? framing_.payload() + framing_.header() : framing_.last_packet(size);
  return Nanobits{wire.bits()};
}

LonePlace LoneSchedule::place(Time from, Bytes size, double share) {
  LonePlace place{.begins = from, .left = {}, .arrives = {}, .share = share};
  // One place for all packets suffices if nothing depends on their own instants.
  const bool as_one = route_.size() == 1 && route_[0].link->delay.constant();
  if (as_one) {
    place_one_hop(place, size, from);
    return place;
  }
  place.packets.assign(static_cast<std::size_t>(framing_.packets(size)), from);
  std::vector<Duration> delays(place.packets.size());  // of each packet, on all links so far
  bool arrives = true;
  for (std::size_t hop = 0; hop < route_.size() && arrives; ++hop)
    arrives = place_on(hop, place, size, delays);
  if (arrives) place.arrives = place.packets.back();
  for (std::size_t i = 0; i < delays.size(); ++i) place.packets[i] = place.packets[i] - delays[i];
  if (!arrives) return place;
  if (!place.left) place.left = from;  // nothing was left to send
  release(place, place.packets.back());
  return place;
}

void LoneSchedule::release(LonePlace& place, Time gone) {
  place.turn = std::max(place.begins, last_released_);
  place.released = last_released_ = std::max({last_released_, *place.left, gone});
}

bool LoneSchedule::place_one_hop(LonePlace& place, Bytes size, Time from) {
  place.start = std::max(ends_[0], trace(0).cumulative(from));
  const Nanobits bits = part(wire(size, framing_.packets(size), 0), place.share);
  place.end = ends_[0] = route_[0].capacity->end(place.start, bits);
  place.begins = trace(0).departure(place.start).value_or(from);
  place.left = trace(0).when(place.end);
  if (!place.left) return false;
  place.arrives = arrival(0, *place.left);
  release(place, *place.left);
  return true;
}

// A message's packets are delayed evenly, up to the whole of `longer` for the last one.
void LoneSchedule::delay(LonePlace& place, Duration longer) {
  if (!place.released || longer == Duration()) return;
  for (std::size_t i = 0; i < place.packets.size(); ++i)
    place.packets[i] = place.packets[i] + longer * static_cast<std::int64_t>(i + 1) /
                                              static_cast<std::int64_t>(place.packets.size());
  place.left = *place.left + longer;
  place.arrives = *place.arrives + longer;
  place.released = last_released_ = *place.released + longer;
  for (std::size_t hop = 0; hop < route_.size(); ++hop)
    if (const auto end = trace(hop).when(ends_[hop])) ends_[hop] = trace(hop).cumulative(*end + longer);
  for (auto& arrival : last_arrival_) arrival = std::max(arrival, *place.arrives);
}

// Changes place.packets from arrivals at one end of the link to arrivals at the other.
bool LoneSchedule::place_on(std::size_t hop, LonePlace& place, Bytes size, std::vector<Duration>& delays) {
  const auto count = static_cast<std::int64_t>(place.packets.size());
  const Nanobits message = Nanobits{framing_.wire_size(size).bits()} * kNano;
  Nanobits sent = message - part(message, place.share);
  Nanobits at = ends_[hop];
  place.known = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    Time& packet = place.packets[static_cast<std::size_t>(i)];
    const Nanobits whole = packet_bits(size, i, count);
    const Nanobits gone = std::min(sent, whole * kNano);
    sent -= gone;
    if (gone < whole * kNano) {
      at = std::max(at, trace(hop).cumulative(packet));
      if (hop == 0 && place.known == 0) {
        place.start = at;
        place.begins = trace(hop).departure(at).value_or(packet);
      }
      const Nanobits bits = whole + route_[hop].overhead_bits - gone / kNano;
      at = route_[hop].capacity->end(at, bits * kNano);
      const auto left = trace(hop).when(at);
      if (!left) return false;
      if (hop == 0) place.left = left;
      packet = arrival(hop, *left);
      delays[static_cast<std::size_t>(i)] += packet - *left;
    }
    ++place.known;
  }
  ends_[hop] = at;
  if (hop == 0) place.end = at;
  return true;
}

Time LoneSchedule::arrival(std::size_t hop, Time left) {
  const Scheduled<Duration>& delay = route_[hop].link->delay;
  const Time arrives = left + delay.at(left);
  if (delay.constant()) return arrives;
  return last_arrival_[hop] = std::max(last_arrival_[hop], arrives);
}

double LoneSchedule::share_left(const LonePlace& place, Bytes size, Time now) const {
  if (route_.size() == 1) {
    if (place.end == place.start) return 0;
    const LossyCapacity& capacity = *route_[0].capacity;
    const Nanobits gone = std::clamp(trace(0).cumulative(now), place.start, place.end);
    return place.share * static_cast<double>(capacity.useful(gone, place.end)) /
           static_cast<double>(capacity.useful(place.start, place.end));
  }
  const auto count = static_cast<std::int64_t>(place.packets.size());
  double left = 0;
  Time before = place.begins;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const auto bits = static_cast<double>(packet_bits(size, i, count));
    if (index >= place.known) {
      left += bits;
      continue;
    }
    // Treats a packet's bits as leaving evenly since the packet before it.
    const Time gone = place.packets[index];
    const double since = (gone - before).seconds();
    if (gone > now) left += bits * (since > 0 ? std::min(1.0, (gone - now).seconds() / since) : 1.0);
    before = std::max(before, gone);
  }
  return std::min(place.share, left / static_cast<double>(framing_.wire_size(size).bits()));
}

}  // namespace millrace
