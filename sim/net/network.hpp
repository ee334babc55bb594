// A network moves *sizes* between devices in virtual time; the bytes wait elsewhere until their size has
// arrived. Surprising fact: nothing happens between calls. A network is pulled forward, never past the limit
// it is given.
#pragma once

#include <optional>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

struct Transfer {
  TransferId id;
  DeviceId from, to;  // REQUIRES from != to and a route from one to the other
  Bytes size;         // bytes of the application, > 0; the network adds the framing of the layers below
};

// A transfer whose last byte has reached its destination. Where its time went, on the route's first link:
// queued + wire + propagation == at - submitted (exact, by construction).
struct Delivery {
  TransferId id;
  Time at;
  Duration queued;  // from submit until its first bit leaves the sending device
  Duration wire;    // from its first bit leaving until its last bit has left for the last time (waits inside
                    // included)
  Duration propagation;  // the rest: delay of the links, and further hops
};

class Network {
 public:
  virtual ~Network() = default;

  // The transfer is ready to leave at `depart`. REQUIRES depart >= now(), and ids never used before.
  // Transfers between the same two devices arrive in the order in which they depart; of transfers that depart
  // at the same instant the first submitted goes first.
  virtual void submit(Time depart, const Transfer& transfer) = 0;

  // Runs until the first delivery with at < limit and returns it (then now() == at), or returns nothing
  // (then now() == limit). What would happen exactly at `limit` is *not* run. Deliveries at one instant come
  // out in the order in which their transfers departed (in the order of submission for those that departed
  // together), one per call. REQUIRES limit >= now().
  // Taps (NetworkTaps::audit, ::stop) may end this early: nothing is returned and now() < limit.
  // limit may be Time::never(): then nothing is returned only if nothing is under way (or everything under
  // way waits for a link that never comes back), and now() stays where the network found this out: at its
  // last event, or, with timers that go on for ever (tcp), somewhat later.
  virtual std::optional<Delivery> run_until(Time limit) = 0;

  virtual Time now() const = 0;

  // Before this instant nothing happens in the network by itself; never() if nothing is due. It may turn out
  // too early, but not too late. For drivers on the wall clock, which sleep until then.
  virtual Time next_event() const = 0;
};

}  // namespace millrace
