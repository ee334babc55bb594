// Who listens to a network while it runs. Nobody of them changes what it does.
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
  // Captures that could not be written whole, a sentence each; complete when the network is gone, which it
  // outlives. REQUIRED where there are captures.
  std::vector<std::string>* unwritten = nullptr;
  // On the wall clock: each event of the network is told to it as it runs. One that is too late ends the pull
  // then and there, so that run_until() returns long before its limit. Outlives the network.
  LatenessAudit* audit = nullptr;
  // Asked after every kEventsPerQuestion events of the network, or what takes as long; true ends the pull in
  // the same way. A network may have events for years of virtual time in which nothing arrives (beacons,
  // cross traffic): this is how Ctrl-C and limits are heard there.
  static constexpr std::uint64_t kEventsPerQuestion = 4096;
  std::function<bool()> stop{};
};

}  // namespace millrace
