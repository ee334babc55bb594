// What this machine's kernel and the rights of this process can carry for real links (run.links: netns),
// tried.
#pragma once

#include <string>
#include <vector>

namespace millrace {

struct LinkRights {
  // Empty where it works; otherwise why it does not, and what to do.
  std::string namespaces;  // without them there are no real links
  std::string shaped;      // links with a rate only: veth and the token bucket filter
  std::string emulated;    // links that delay or lose packets: TAP devices
  // Of cubic, reno and bbr: what network.tcp can be there.
  std::vector<std::string> congestion_controls;
};

// Makes a network namespace and tries everything in it; leaves nothing behind.
LinkRights link_rights();

}  // namespace millrace
