// Measures before a run whether a real link carries what it should, with TCP, as the run will use it.
#pragma once

#include <string>

#include "runtime/base/units.hpp"
#include "sim/links/network_namespace.hpp"

namespace millrace {

struct ProbeLink {
  const NetworkNamespace& from;
  const NetworkNamespace& to;
  std::string address;  // of `to`, reached from `from` over the link
  BitRate asked;
  Bytes mtu;
};

// The rate of the link at the IP layer, for one TCP connection in its steady state. Takes about half a
// second; for slow links as long as 200 packets take, at most 3 s or two packets' time. Unsent data is then
// discarded, except for packets in the link's queue. Errors: no connection, or nothing arrived.
Result<BitRate> measure_link(const ProbeLink& link);

// A link that is off by more than this share of the requested rate does not carry what it should.
inline constexpr double kProbeTolerance = 0.05;

}  // namespace millrace
