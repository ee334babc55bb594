// Does a real link carry what it should? Measured with TCP, as a run will use it, before the run.
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

// What the link carried at the IP layer, sent by one TCP connection in its steady state. Takes about half a
// second, longer (3 s, or two packets' time) for slow links: 200 packets are counted where that is less. What
// has not been sent by then is taken back, but for what is in the link's queue. Errors: no connection,
// nothing came.
Result<BitRate> measure_link(const ProbeLink& link);

// Off by more than this share of what was asked is a link that does not carry what it should.
inline constexpr double kProbeTolerance = 0.05;

}  // namespace millrace
