// A segment of Wi-Fi as ns-3 simulates it: one channel, a device for each member, contention between all of
// them; with an access point (whose stations have been associated before time 0) or ad hoc. Private to this
// folder: it includes ns-3.
#pragma once

#include <ns3/net-device.h>
#include <ns3/node.h>
#include <ns3/packet.h>
#include <ns3/wifi-net-device.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/base/result.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// The members' devices, in the members' order, on `nodes` (by DeviceId). `stream`: the index of the last
// random stream in use; is advanced. Members stand around the access point, or around an empty centre, at
// their distances.
// REQUIRES check_network() of a spec with this segment.
std::vector<ns3::Ptr<ns3::WifiNetDevice>> make_wifi(const SegmentSpec& segment, Bytes mtu,
                                                    const std::vector<ns3::Ptr<ns3::Node>>& nodes,
                                                    std::int64_t& stream);

// The first of the segment's stations that is not associated yet; nothing when all are, or when ad hoc.
std::optional<std::size_t> unassociated(const std::vector<ns3::Ptr<ns3::WifiNetDevice>>& devices);

// Handlers of what happens to the IP packets of one device; each gets the packet without Wi-Fi headers.
struct WifiListener {
  using Packet = ns3::Ptr<const ns3::Packet>;
  std::function<void(const Packet&)> offered;    // handed to the device
  std::function<void(const Packet&)> dropped;    // its queue was full
  std::function<void(const Packet&)> lost;       // given up after its last attempt
  std::function<void(const Packet&)> delivered;  // acknowledged
  // An attempt begins; an attempt has left. One frame may hold several packets, which arrive one by one
  // before the whole frame has left.
  std::function<void(const Packet&)> begins, sent;
};
void listen_to_wifi(const ns3::Ptr<ns3::WifiNetDevice>& device, WifiListener listener);

}  // namespace millrace
