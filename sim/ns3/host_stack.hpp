// IPv4 on every node of a topology: one address per node on all its interfaces, host routes from
// sim/net/routes, permanent ARP entries on media, queue disciplines on links. Private to this folder: it
// includes ns-3.
#pragma once

#include <ns3/ipv4-address.h>
#include <ns3/socket.h>

#include <string>

#include "sim/net/network_spec.hpp"
#include "sim/net/routes.hpp"
#include "sim/ns3/topology.hpp"

namespace millrace {

ns3::Ipv4Address address_of(DeviceId device);
DeviceId device_of(ns3::Ipv4Address address);

// `tcp_type` is ns-3's name of the congestion control. REQUIRES check_network(spec).
void install_stack(const NetworkSpec& spec, const Topology& topology, const std::string& tcp_type);
void add_routes(const NetworkSpec& spec, const Topology& topology, const Routes& routes);

// A TCP socket with our settings (tcp_settings.hpp), not bound. `stream` names the random numbers of its
// congestion control.
ns3::Ptr<ns3::Socket> make_tcp_socket(const NetworkSpec& spec, const ns3::Ptr<ns3::Node>& node,
                                      const std::string& stream);

}  // namespace millrace
