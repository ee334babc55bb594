// What every network requires of its spec, so that all networks accept and refuse the same specs.
#pragma once

#include "runtime/base/result.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

inline constexpr std::size_t kMaxDevices = 4096;
inline constexpr std::size_t kMaxLinks = 65'536;
inline constexpr Duration kMaxDelay = Duration::s(1'000'000);

// An error names the link by its devices. Refuses: links to themselves, twice, or to nowhere; negative or
// absent rates; delays outside [0, kMaxDelay]; queues smaller than one packet; loss outside [0, 1); an MTU
// that leaves no payload; with tcp, a link without a way back for the acknowledgements.
Result<void> check_network(const NetworkSpec& spec);

// Whether bytes can go from one device to the other (with tcp: and acknowledgements back). For the pairs a
// plan needs, before anything runs: Network::submit REQUIRES it. REQUIRES check_network(spec).
Result<void> check_route(const NetworkSpec& spec, DeviceId from, DeviceId to);

}  // namespace millrace
