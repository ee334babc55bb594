#include "sim/ns3/host_stack.hpp"

#include <ns3/arp-cache.h>
#include <ns3/boolean.h>
#include <ns3/fq-codel-queue-disc.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-interface.h>
#include <ns3/ipv4-l3-protocol.h>
#include <ns3/ipv4-static-routing-helper.h>
#include <ns3/ipv4-static-routing.h>
#include <ns3/ipv4.h>
#include <ns3/object-factory.h>
#include <ns3/pie-queue-disc.h>
#include <ns3/queue-size.h>
#include <ns3/rtt-estimator.h>
#include <ns3/tcp-l4-protocol.h>
#include <ns3/tcp-prr-recovery.h>
#include <ns3/tcp-socket-factory.h>
#include <ns3/traffic-control-layer.h>
#include <ns3/uinteger.h>

#include <algorithm>

#include "sim/net/framing.hpp"
#include "sim/net/pcap_file.hpp"
#include "sim/ns3/linux_tcp.hpp"
#include "sim/ns3/simulation.hpp"
#include "sim/ns3/tcp_settings.hpp"

namespace millrace {
namespace {

const char* type_of(QueueDiscipline discipline) {
  switch (discipline) {
    case QueueDiscipline::codel:
      return "ns3::CoDelQueueDisc";
    case QueueDiscipline::fq_codel:
      return "ns3::FqCoDelQueueDisc";
    case QueueDiscipline::pie:
      return "ns3::PieQueueDisc";
    case QueueDiscipline::drop_tail:
      break;
  }
  return nullptr;
}

// Installs the discipline above the link's device, which from now on holds one packet.
void add_discipline(const LinkSpec& link, const ns3::Ptr<TraceDevice>& device, std::int64_t stream,
                    LinkTap* tap) {
  const char* type = type_of(link.discipline);
  if (type == nullptr) return;
  const auto size = static_cast<std::uint32_t>(std::min(link.queue.count(), std::int64_t{0xFFFF'FFFF}));
  ns3::ObjectFactory factory(type);
  // FQ-CoDel counts only in packets: full packets here.
  const bool in_packets = link.discipline == QueueDiscipline::fq_codel;
  const auto unit = in_packets ? ns3::QueueSizeUnit::PACKETS : ns3::QueueSizeUnit::BYTES;
  const auto limit = in_packets ? std::max(1U, size / device->GetMtu()) : size;
  factory.Set("MaxSize", ns3::QueueSizeValue(ns3::QueueSize(unit, limit)));
  const auto discipline = factory.Create<ns3::QueueDisc>();
  if (const auto pie = ns3::DynamicCast<ns3::PieQueueDisc>(discipline)) pie->AssignStreams(stream);
  if (const auto fair = ns3::DynamicCast<ns3::FqCoDelQueueDisc>(discipline))
    fair->SetQuantum(device->GetMtu());
  // The device sees only what the discipline lets through.
  if (tap != nullptr)
    discipline->TraceConnectWithoutContext("Drop", ns3::Callback<void, ns3::Ptr<const ns3::QueueDiscItem>>(
                                                       [tap](const ns3::Ptr<const ns3::QueueDiscItem>& item) {
                                                         tap->offered(Bytes(item->GetSize()));
                                                         tap->dropped(Bytes(item->GetSize()));
                                                       }));
  const auto queues = ns3::CreateObject<ns3::NetDeviceQueueInterface>();
  device->AggregateObject(queues);
  device->hold_back(ns3::PeekPointer(queues->GetTxQueue(0)));
  device->GetNode()->GetObject<ns3::TrafficControlLayer>()->SetRootQueueDiscOnDevice(device, discipline);
}

// All members of a medium know each other's addresses in advance: there are no ARP requests.
void fill_arp_caches(const Topology& topology) {
  for (const auto& [here, device] : topology.on_media) {
    const auto ipv4 = topology.nodes[here.value]->GetObject<ns3::Ipv4L3Protocol>();
    const auto interface =
        ipv4->GetInterface(static_cast<std::uint32_t>(ipv4->GetInterfaceForDevice(device)));
    for (const auto& [there, other] : topology.on_media) {
      if (there == here || other->GetChannel() != device->GetChannel()) continue;
      auto* entry = interface->GetArpCache()->Add(address_of(there));
      entry->SetMacAddress(other->GetAddress());
      entry->MarkPermanent();
    }
  }
}

}  // namespace

ns3::Ipv4Address address_of(DeviceId device) { return ns3::Ipv4Address(kFirstAddress + device.value); }
DeviceId device_of(ns3::Ipv4Address address) { return DeviceId{address.Get() - kFirstAddress}; }

void install_stack(const NetworkSpec& spec, const Topology& topology, const std::string& tcp_type) {
  ns3::InternetStackHelper stack;
  stack.SetIpv6StackInstall(false);
  stack.SetRoutingHelper(ns3::Ipv4StaticRoutingHelper());
  for (std::uint32_t i = 0; i < topology.nodes.size(); ++i) {
    const auto node = topology.nodes[i];
    const std::uint32_t devices = node->GetNDevices();  // the stack adds its loopback device
    stack.Install(node);
    node->GetObject<ns3::TcpL4Protocol>()->SetAttribute(
        "SocketType", ns3::TypeIdValue(ns3::TypeId::LookupByName(tcp_type)));
    const auto ipv4 = node->GetObject<ns3::Ipv4>();
    for (std::uint32_t d = 0; d < devices; ++d) {
      const std::uint32_t interface = ipv4->AddInterface(node->GetDevice(d));
      ipv4->AddAddress(interface,
                       ns3::Ipv4InterfaceAddress(address_of(DeviceId{i}), ns3::Ipv4Mask::GetOnes()));
      ipv4->SetUp(interface);
    }
  }
  for (std::size_t i = 0; i < spec.links.size(); ++i)
    if (topology.senders[i])
      add_discipline(spec.links[i], topology.senders[i], static_cast<std::int64_t>(i),
                     topology.taps.empty() ? nullptr : topology.taps[i].get());
  fill_arp_caches(topology);
}

void add_routes(const NetworkSpec& spec, const Topology& topology, const Routes& routes) {
  const ns3::Ipv4StaticRoutingHelper helper;
  for (std::uint32_t at = 0; at < spec.devices.size(); ++at) {
    const auto ipv4 = topology.nodes[at]->GetObject<ns3::Ipv4>();
    const auto routing = helper.GetStaticRouting(ipv4);
    for (std::uint32_t to = 0; to < spec.devices.size(); ++to) {
      if (at == to) continue;
      const auto link = routes.next(DeviceId{at}, DeviceId{to});
      if (!link) continue;
      const int interface = ipv4->GetInterfaceForDevice(topology.devices[link->value]);
      const auto number = static_cast<std::uint32_t>(interface);
      if (spec.links[link->value].segment)  // on a medium the next hop has to be named
        routing->AddHostRouteTo(address_of(DeviceId{to}), address_of(spec.links[link->value].to), number);
      else
        routing->AddHostRouteTo(address_of(DeviceId{to}), number);
    }
  }
}

namespace {

// A socket of ns-3, or ours where its congestion control is one that is held against Linux's.
ns3::Ptr<ns3::Socket> new_socket(const NetworkSpec& spec, const ns3::Ptr<ns3::Node>& node,
                                 const std::string& stream) {
  const auto& ours = linux_congestion_controls();
  if (std::find(ours.begin(), ours.end(), spec.tcp_variant) == ours.end())
    return ns3::Socket::CreateSocket(node, ns3::TcpSocketFactory::GetTypeId());
  const auto socket = ns3::CreateObject<LinuxSocket>();
  const auto tcp = node->GetObject<ns3::TcpL4Protocol>();
  socket->SetNode(node);
  socket->SetTcp(tcp);
  socket->SetRtt(ns3::CreateObject<ns3::RttMeanDeviation>());
  socket->SetRecoveryAlgorithm(ns3::CreateObject<ns3::TcpPrrRecovery>());
  const auto headers = spec.mtu - Framing(spec.transport, spec.mtu).payload();
  socket->set_congestion_control(spec.tcp_variant, spec.seed, stream,
                                 static_cast<std::uint32_t>(headers.count()));
  tcp->AddSocket(socket);
  return socket;
}

}  // namespace

ns3::Ptr<ns3::Socket> make_tcp_socket(const NetworkSpec& spec, const ns3::Ptr<ns3::Node>& node,
                                      const std::string& stream) {
  const auto payload = Framing(spec.transport, spec.mtu).payload();
  auto socket = new_socket(spec, node, stream);
  socket->SetAttribute("SegmentSize", ns3::UintegerValue(static_cast<std::uint64_t>(payload.count())));
  socket->SetAttribute("SndBufSize", ns3::UintegerValue(tcp::kSocketBuffer));
  socket->SetAttribute("RcvBufSize", ns3::UintegerValue(tcp::kSocketBuffer));
  socket->SetAttribute("InitialCwnd", ns3::UintegerValue(tcp::kInitialWindow));
  socket->SetAttribute("DelAckTimeout", ns3::TimeValue(to_ns3(tcp::kDelayedAck)));
  socket->SetAttribute("ConnTimeout", ns3::TimeValue(to_ns3(tcp::kConnectRetry)));
  socket->SetAttribute("ConnCount", ns3::UintegerValue(tcp::kConnectRetries));
  // An outage must not end a connection: keep trying.
  socket->SetAttribute("DataRetries", ns3::UintegerValue(1'000'000));
  socket->SetAttribute("MinRto", ns3::TimeValue(to_ns3(tcp::kMinRetransmit)));
  return socket;
}

}  // namespace millrace
