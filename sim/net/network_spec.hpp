// What a network is made of, independent of who simulates it: devices and directed links.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

class RateTrace;         // sim/net/rate_trace.hpp: piecewise constant bit rate
class DeliverySchedule;  // sim/net/delivery_schedule.hpp: Mahimahi delivery opportunities

// Traces are shared because many links replay one file; they are immutable.
using LinkRate =
    std::variant<BitRate, std::shared_ptr<const RateTrace>, std::shared_ptr<const DeliverySchedule>>;

struct LinkSpec {
  DeviceId from, to;
  LinkRate rate;
  Duration delay;  // propagation, >= 0
  Bytes queue = Bytes::kib(
      256);  // what the link's device holds waiting; see sim/net/README.md for its meaning per transport
  double loss = 0;  // independent probability per packet, 0 <= loss < 1
};

enum class Transport { raw, tcp };

struct NetworkSpec {
  std::vector<std::string> devices;  // names, indexed by DeviceId
  std::vector<LinkSpec> links;       // at most one per ordered pair
  Transport transport = Transport::tcp;
  std::string tcp_variant = "cubic";  // cubic | bbr | newreno …; checked by the ns-3 network
  Bytes mtu = Bytes(1500);            // IP packet on the wire
  std::uint64_t seed = 1;             // for loss
};

}  // namespace millrace
