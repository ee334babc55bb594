// What a real link does to packets: its rate, delay and losses, measured with UDP before a run uses it. For
// links that delay or lose, of which the goodput of a TCP connection says little.
#pragma once

#include <cstdint>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "sim/links/link_probe.hpp"

namespace millrace {

struct PacketProbe {
  ProbeLink link;
  Duration delay;  // asked; how long answers may take
};

struct PacketProbed {
  BitRate rate;    // at the IP layer, between the first packet that arrived and the last
  Duration delay;  // of the quickest packet, without the time that the link's rate takes for it
  std::uint64_t sent = 0, received = 0;
};

// Sends full packets at the asked rate: for 0.3 s, but 40 packets at least and 4,000 at most, and for 5 s at
// most. Errors: no socket; fewer than two packets came.
Result<PacketProbed> measure_packets(const PacketProbe& probe);

// Whether so many of so many packets are believable under a loss, which comes in bursts of this mean length
// (1: independent): within four standard deviations, and one packet.
bool believable_loss(std::uint64_t lost, std::uint64_t sent, double loss, double burst);

}  // namespace millrace
