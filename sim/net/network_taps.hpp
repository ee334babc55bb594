// Who listens to a network while it runs. Nobody of them changes what it does.
#pragma once

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
  // On the wall clock: each event of the network is told to it as it runs. One that is too late ends the pull
  // then and there, so that run_until() returns long before its limit. Outlives the network.
  LatenessAudit* audit = nullptr;
};

}  // namespace millrace
