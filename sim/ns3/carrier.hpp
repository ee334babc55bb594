// How transfers become packets: raw_carrier.hpp or tcp_carrier.hpp. Chosen once, by make_ns3_network.
#pragma once

#include <cstdint>
#include <functional>

#include "sim/net/network.hpp"

namespace millrace {

// A transfer has arrived, now. When its first bit left the sending device, and its last for the last time.
struct Arrival {
  std::uint64_t order;  // what carry() was given
  Time first_bit, last_bit;
};
using ArrivalHandler = std::function<void(const Arrival&)>;

class Carrier {
 public:
  virtual ~Carrier() = default;
  // The transfer leaves now. `order` is new every time.
  virtual void carry(std::uint64_t order, const Transfer& transfer) = 0;
  // True if the simulation runs out of events by itself once nothing more can arrive.
  virtual bool settles() const = 0;
  // REQUIRES !settles(). True if from now on a link between the two carries nothing, for ever.
  virtual bool hopeless(DeviceId from, DeviceId to) const = 0;
};

}  // namespace millrace
