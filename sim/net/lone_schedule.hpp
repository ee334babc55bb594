// The exact schedule of a flow that has all links of its route to itself: first-in-first-out, packet by
// packet over several hops, in whole nanoseconds. A packet starts on a link when it is there and those before
// it have left. Surprising fact: everything is computed ahead, so when another flow comes onto a link, the
// network asks for the unsent share of each message (share_left) and takes it off this schedule (forget).
#pragma once

#include <optional>
#include <vector>

#include "sim/net/expected_loss.hpp"
#include "sim/net/framing.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

// One link of a route. The objects it points to outlive every RouteHop.
struct RouteHop {
  const LinkSpec* link;
  const LossyCapacity* capacity;  // with this link's loss
  std::size_t resource;           // whose capacity it uses: the link's own, or that of its medium
  std::int64_t overhead_bits;     // per packet, on top of the IP packet
};

// A message's place on its way.
struct LonePlace {
  Time begins;                  // its first bit leaves
  Time turn{};                  // then the whole route is its own: it begins, and the message before is gone
  std::optional<Time> left;     // its last bit has left the first link; nothing: never
  std::optional<Time> arrives;  // at the destination
  // When the message has left the route and the route is free again, as seen at its first link: delays, as
  // they were when its packets crossed the links, do not count. Never before that of the message before it;
  // nothing: never.
  std::optional<Time> released{};
  double share = 1;             // the share of the message that was still to be sent when it was placed
  Nanobits start = 0, end = 0;  // on the first link's axis
  std::vector<Time> packets{};  // with more than one hop: as `released`, of the first `known` packets
  std::size_t known = 0;
};

class LoneSchedule {
 public:
  LoneSchedule(std::vector<RouteHop> route, Framing framing);

  const std::vector<RouteHop>& route() const { return route_; }
  // Places the next message, all of which is there at `from`; `share` of it is still to be sent.
  LonePlace place(Time from, Bytes size, double share);
  // The message placed last takes `longer`, in which all links of the route idle.
  void delay(LonePlace& place, Duration longer);
  // The share of the whole message that is still to be sent at `now`.
  double share_left(const LonePlace& place, Bytes size, Time now) const;
  // Takes off the schedule what was placed but is not sent by `now`.
  void forget(Time now);

 private:
  const RateTrace& trace(std::size_t hop) const { return route_[hop].capacity->trace(); }
  Nanobits wire(Bytes size, std::int64_t packets, std::size_t hop) const;
  Nanobits packet_bits(Bytes size, std::int64_t packet, std::int64_t count) const;
  bool place_one_hop(LonePlace& place, Bytes size, Time from);
  bool place_on(std::size_t hop, LonePlace& place, Bytes size, std::vector<Duration>& delays);
  Time arrival(std::size_t hop, Time left);
  void release(LonePlace& place, Time gone);

  std::vector<RouteHop> route_;
  Framing framing_;
  std::vector<Nanobits> ends_;  // per hop: everything before it is taken
  Time last_released_;
  std::vector<Time> last_arrival_;  // per hop, at its other end: no packet overtakes another
};

}  // namespace millrace
