// A NetworkSpec as ns-3 nodes and devices. Private to this folder: it includes ns-3.
#pragma once

#include <ns3/node.h>
#include <ns3/wifi-net-device.h>

#include <memory>
#include <utility>
#include <vector>

#include "runtime/base/result.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/net/network_taps.hpp"
#include "sim/ns3/trace_device.hpp"

namespace millrace {

struct Topology {
  std::vector<ns3::Ptr<ns3::Node>> nodes;  // by DeviceId
  std::vector<ns3::Ptr<TraceDevice>>
      senders;  // by LinkId: the device the link leaves through; null on a medium
  std::vector<ns3::Ptr<ns3::NetDevice>> devices;  // by LinkId: the same, whatever it is
  // The devices on media, with their nodes: each serves all links of its node on its segment.
  std::vector<std::pair<DeviceId, ns3::Ptr<ns3::NetDevice>>> on_media;
  std::vector<std::vector<ns3::Ptr<ns3::WifiNetDevice>>> wifi;  // of each Wi-Fi segment, by member
  std::vector<std::unique_ptr<LinkTap>> taps;                   // by LinkId; empty if there are no taps
};

// One pair of devices per joined pair of nodes, whether one or both directions have a link; one channel per
// medium, with a device for every member. Loss draws from
// Random(spec.seed, "loss/<from>-><to>"). REQUIRES check_network(spec) and a Simulation.
Topology make_topology(const NetworkSpec& spec);

// Runs until every Wi-Fi station is associated with its access point; that instant is then time 0. An error
// names a station that cannot reach its access point.
Result<void> associate(const NetworkSpec& spec, const Topology& topology);

// Gives every link whose taps ask for it a LinkTap. Errors: a capture that cannot be written.
Result<void> add_taps(Topology& topology, const NetworkTaps& taps);

// The first device's address, in captures as with TCP: 10.0.0.1 and so on, one per device on all interfaces.
inline constexpr std::uint32_t kFirstAddress = 0x0A000001;

}  // namespace millrace
