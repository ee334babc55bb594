// The exact schedule of a flow that has all links of its route to itself: first-in-first-out, packet by
// packet over several hops, in whole nanoseconds. A packet starts on a link when it is there and those before
// it have left. Surprising fact: everything is computed ahead, so whoever then meets the flow on a link asks
// what of a message is still to come and takes it from here.
#pragma once

#include <optional>
#include <vector>

#include "sim/net/expected_loss.hpp"
#include "sim/net/framing.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

// One link of a route. What it points to outlives all who use it.
struct RouteHop {
  const LinkSpec* link;
  const LossyCapacity* capacity;  // with this link's loss
  std::size_t resource;           // whose capacity it takes: its own, or that of its medium
  std::int64_t overhead_bits;     // beside the IP packet, per packet
};

// A message's place on its way.
struct LonePlace {
  Time begins;                  // its first bit leaves
  std::optional<Time> left;     // its last bit has left the first link; nothing: never
  std::optional<Time> arrives;  // at the destination
  Duration lag;                 // from the first link to the destination, without waiting
  double share = 1;             // of the message, that was still to be sent when it was placed
  Nanobits start = 0, end = 0;  // on the first link's axis
  std::vector<Time> packets{};  // more than one hop: when each arrives; those before `known` only
  std::size_t known = 0;

  // When the route is free again, by the clock of its beginning: nothing of the message is to come.
  std::optional<Time> released() const;
};

class LoneSchedule {
 public:
  LoneSchedule(std::vector<RouteHop> route, Framing framing);

  const std::vector<RouteHop>& route() const { return route_; }
  // The next message, all there at `from`; of which `share` is still to be sent.
  LonePlace place(Time from, Bytes size, double share);
  // The part of the message that is still to be sent at `now`, of what it is as a whole.
  double share_left(const LonePlace& place, Bytes size, Time now) const;
  // What was placed and has not been sent by `now` will not be.
  void forget(Time now);

 private:
  const RateTrace& trace(std::size_t hop) const { return route_[hop].capacity->trace(); }
  Nanobits wire(Bytes size, std::int64_t packets, std::size_t hop) const;
  Nanobits packet_bits(Bytes size, std::int64_t packet, std::int64_t count) const;
  bool place_one_hop(LonePlace& place, Bytes size, Time from);
  bool place_on(std::size_t hop, LonePlace& place, Bytes size, Time from);
  Time arrival(std::size_t hop, Time left);

  std::vector<RouteHop> route_;
  Framing framing_;
  std::vector<Nanobits> ends_;      // per hop: everything before it is taken
  std::vector<Time> last_arrival_;  // per hop, at its other end: nothing overtakes
};

}  // namespace millrace
