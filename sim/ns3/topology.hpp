// A NetworkSpec as ns-3 nodes and devices. Private to this folder: it includes ns-3.
#pragma once

#include <ns3/node.h>

#include <utility>
#include <vector>

#include "sim/net/network_spec.hpp"
#include "sim/ns3/trace_device.hpp"

namespace millrace {

struct Topology {
  std::vector<ns3::Ptr<ns3::Node>> nodes;  // by DeviceId
  std::vector<ns3::Ptr<TraceDevice>>
      senders;  // by LinkId: the device the link leaves through; null on a medium
  std::vector<ns3::Ptr<ns3::NetDevice>> devices;  // by LinkId: the same, whatever it is
  // The devices on media, with their nodes: each serves all links of its node on its segment.
  std::vector<std::pair<DeviceId, ns3::Ptr<ns3::NetDevice>>> on_media;
};

// One pair of devices per joined pair of nodes, whether one or both directions have a link; one channel per
// medium, with a device for every member. Loss draws from
// Random(spec.seed, "loss/<from>-><to>"). REQUIRES check_network(spec) and a Simulation.
Topology make_topology(const NetworkSpec& spec);

}  // namespace millrace
