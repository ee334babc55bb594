// How transfers become packets: raw_carrier.hpp or tcp_carrier.hpp. Chosen once, by make_ns3_network.
#pragma once

#include <cstdint>
#include <functional>

#include "sim/net/network.hpp"

namespace millrace {

// A transfer that arrives now.
struct Arrival {
  std::uint64_t order;       // as given to carry()
  Time first_bit, last_bit;  // first bit left the sending device; last bit left it for the last time
};
using ArrivalHandler = std::function<void(const Arrival&)>;

class Carrier {
 public:
  virtual ~Carrier() = default;
  // The transfer leaves now. `order` is new every time.
  virtual void carry(std::uint64_t order, const Transfer& transfer) = 0;
  // True if the simulation runs out of events by itself once nothing more can arrive.
  virtual bool settles() const = 0;
  // REQUIRES !settles(). True if a link between the two devices carries nothing from now on, for ever.
  virtual bool hopeless(DeviceId from, DeviceId to) const = 0;
};

}  // namespace millrace
