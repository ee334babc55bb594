// The cross traffic of a network as ns-3 sockets: on-off datagrams of full packets, and TCP connections that
// always have something to send. Private to this folder: it includes ns-3.
#pragma once

#include <ns3/socket.h>

#include <memory>
#include <vector>

#include "sim/net/cross_traffic.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/ns3/topology.hpp"

namespace millrace {

class CrossTrafficApps {
 public:
  // `topology` outlives this, and so does a Simulation. REQUIRES install_stack and add_routes before.
  CrossTrafficApps(const NetworkSpec& spec, const Topology& topology);

  // Bytes that have arrived, per entry of NetworkSpec::cross_traffic: datagrams with their IP headers,
  // connections their payload.
  const std::vector<std::uint64_t>& arrived() const { return arrived_; }

 private:
  // One datagram after the other while a burst lasts. A packet leaves once the rate has accumulated its size.
  struct OnOff {
    ns3::Ptr<ns3::Socket> socket;
    Bursts bursts;
    Duration interval;
    std::uint32_t payload;
    Bursts::Burst now{};
  };
  void add_on_off(const NetworkSpec& spec, const Topology& topology, std::size_t index);
  void add_bulk(const NetworkSpec& spec, const Topology& topology, std::size_t index);
  void next_burst(OnOff& source);
  void send(OnOff& source);

  std::vector<std::unique_ptr<OnOff>> sources_;
  std::vector<ns3::Ptr<ns3::Socket>> sockets_;
  std::vector<std::uint64_t> arrived_;
};

}  // namespace millrace
