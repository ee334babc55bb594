#include "tests/sim_ns3/bare_bulk.hpp"

#include <fmt/format.h>
#include <ns3/bulk-send-helper.h>
#include <ns3/config.h>
#include <ns3/inet-socket-address.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-address-helper.h>
#include <ns3/node-container.h>
#include <ns3/packet-sink-helper.h>
#include <ns3/point-to-point-helper.h>
#include <ns3/simulator.h>
#include <ns3/string.h>
#include <ns3/uinteger.h>

#include <chrono>

namespace millrace {

std::uint64_t simulated_events() { return ns3::Simulator::GetEventCount(); }

BareRun run_bare_bulk(const BareBulk& bulk) {
  ns3::Config::SetDefault("ns3::TcpL4Protocol::SocketType", ns3::StringValue("ns3::TcpCubic"));
  ns3::Config::SetDefault("ns3::TcpSocket::SegmentSize", ns3::UintegerValue(1448));
  ns3::Config::SetDefault("ns3::TcpSocket::SndBufSize", ns3::UintegerValue(4U << 20U));
  ns3::Config::SetDefault("ns3::TcpSocket::RcvBufSize", ns3::UintegerValue(4U << 20U));
  ns3::NodeContainer nodes(2);
  ns3::PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", ns3::StringValue(fmt::format("{}Mbps", bulk.mbit_per_s)));
  link.SetChannelAttribute("Delay", ns3::StringValue("10ms"));
  link.SetQueue("ns3::DropTailQueue", "MaxSize", ns3::StringValue(fmt::format("{}B", bulk.queue.count())));
  link.DisableFlowControl();
  const auto devices = link.Install(nodes);
  ns3::InternetStackHelper().Install(nodes);
  ns3::Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.0");
  const auto interfaces = addresses.Assign(devices);
  ns3::BulkSendHelper source("ns3::TcpSocketFactory", ns3::InetSocketAddress(interfaces.GetAddress(1), 9));
  source.Install(nodes.Get(0));
  ns3::PacketSinkHelper sink("ns3::TcpSocketFactory", ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), 9));
  sink.Install(nodes.Get(1));
  ns3::Simulator::Stop(ns3::Seconds(bulk.simulated_s));
  const auto begin = std::chrono::steady_clock::now();
  ns3::Simulator::Run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const auto events = static_cast<double>(ns3::Simulator::GetEventCount());
  ns3::Simulator::Destroy();
  return {events, took.count()};
}

}  // namespace millrace
