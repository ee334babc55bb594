// Observers of a network while it runs. They do not change what it does.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/net/lateness_audit.hpp"
#include "sim/net/link_meter.hpp"

namespace millrace {

struct NetworkTaps {
  // A link's packets as a file that Wireshark and tshark open. Networks without packets take none.
  struct Capture {
    LinkId link;
    std::string path;
  };

  LinkMeter* meter = nullptr;  // outlives the network
  std::vector<Capture> captures{};
  // Captures that could not be written whole, a sentence each; complete once the network is destroyed.
  // Outlives the network. REQUIRED if there are captures.
  std::vector<std::string>* unwritten = nullptr;
  // On the wall clock: is told of each event of the network as it runs. An event that is too late ends the
  // pull at once, so that run_until() returns long before its limit. Outlives the network.
  LatenessAudit* audit = nullptr;
  // Called after every kEventsPerQuestion events of the network, or work that takes as long; true ends the
  // pull in the same way. A network may run events for years of virtual time in which nothing arrives
  // (beacons, cross traffic): Ctrl-C and limits are noticed here.
  static constexpr std::uint64_t kEventsPerQuestion = 4096;
  std::function<bool()> stop{};
};

}  // namespace millrace
