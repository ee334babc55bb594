#include "sim/ns3/tcp_carrier.hpp"

#include <ns3/ethernet-header.h>
#include <ns3/ethernet-trailer.h>
#include <ns3/inet-socket-address.h>
#include <ns3/ipv4-header.h>
#include <ns3/ipv4-l3-protocol.h>
#include <ns3/tcp-header.h>
#include <ns3/tcp-l4-protocol.h>

#include <algorithm>

#include "runtime/base/log.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/ns3/host_stack.hpp"
#include "sim/ns3/packet_segment.hpp"
#include "sim/ns3/simulation.hpp"
#include "sim/ns3/tcp_settings.hpp"
#include "sim/ns3/wifi_medium.hpp"

namespace millrace {
namespace {

constexpr std::uint16_t kPort = 5000;
constexpr std::uint32_t kWriteAtOnce = 1U << 16U;

}  // namespace

const std::vector<std::pair<std::string, std::string>>& TcpCarrier::variants() {
  static const std::vector<std::pair<std::string, std::string>> table{{"cubic", "ns3::TcpCubic"},
                                                                      {"bbr", "ns3::TcpBbr"},
                                                                      {"newreno", "ns3::TcpNewReno"},
                                                                      {"reno", "ns3::TcpLinuxReno"},
                                                                      {"bic", "ns3::TcpBic"},
                                                                      {"htcp", "ns3::TcpHtcp"},
                                                                      {"highspeed", "ns3::TcpHighSpeed"},
                                                                      {"hybla", "ns3::TcpHybla"},
                                                                      {"illinois", "ns3::TcpIllinois"},
                                                                      {"scalable", "ns3::TcpScalable"},
                                                                      {"vegas", "ns3::TcpVegas"},
                                                                      {"veno", "ns3::TcpVeno"},
                                                                      {"yeah", "ns3::TcpYeah"}};
  return table;
}

TcpCarrier::TcpCarrier(const NetworkSpec& spec, const Topology& topology, ArrivalHandler arrived)
    : spec_(spec), routes_(spec_), topology_(topology), arrived_(std::move(arrived)) {
  for (const LinkSpec& link : spec.links) traces_.push_back(rate_trace_of(link.rate));
  const auto& table = variants();
  const auto variant = std::find_if(table.begin(), table.end(),
                                    [&](const auto& entry) { return entry.first == spec.tcp_variant; });
  MR_CHECK(variant != table.end());
  install_stack(spec, topology, variant->second);
  add_routes(spec, topology, routes_);
  for (std::uint32_t i = 0; i < spec.devices.size(); ++i) listen(DeviceId{i});
  for (std::size_t i = 0; i < spec.links.size(); ++i) {
    const DeviceId from = spec.links[i].from;
    if (!topology.senders[i]) continue;
    topology.senders[i]->wait_for(address_of(from));
    topology.senders[i]->on_left([this, from](const TraceDevice::Left& l) { left(from, l); });
  }
  for (const auto& [node, device] : topology.on_media) {
    if (const auto wifi = ns3::DynamicCast<ns3::WifiNetDevice>(device))
      watch_wifi(node, wifi);
    else
      watch_medium(node, device);
  }
  open_before_start();
  cross_traffic_.emplace(spec, topology);
}

// The handshakes of the plan's connections, over links without other traffic; what they reach in vain keeps
// trying.
void TcpCarrier::open_before_start() {
  constexpr Duration kStep = Duration::ms(10), kMost = Duration::s(2);
  if (spec_.connections.empty()) return;
  const auto all_open = [this] {
    return std::all_of(connections_.begin(), connections_.end(),
                       [](const auto& entry) { return entry.second->connected && entry.second->receiver; });
  };
  const auto before_start = [this](bool on) {
    for (const auto& sender : topology_.senders)
      if (sender) sender->set_before_start(on);
  };
  before_start(true);
  for (const auto& pair : spec_.connections) open(pair);
  Duration most = kMost;
  for (const LinkSpec& link : spec_.links) most += link.delay.at(Time::zero()) * 2;
  Simulation::warm_up(Duration::ns(1));  // all that is due now
  for (Duration waited; !all_open() && waited < most; waited += kStep) Simulation::warm_up(kStep);
  before_start(false);
}

// Watches a medium's device: its frames have Ethernet headers around the packet, and their destination tells
// the link.
void TcpCarrier::watch_medium(DeviceId from, const ns3::Ptr<ns3::NetDevice>& device) {
  struct Frame {
    ns3::Ptr<ns3::Packet> packet;
    std::uint16_t protocol;
    LinkTap* tap;
  };
  const auto open = [this, taps = taps_from(device)](const ns3::Ptr<const ns3::Packet>& frame) {
    const auto packet = frame->Copy();
    ns3::EthernetTrailer trailer;
    ns3::EthernetHeader header;
    packet->RemoveTrailer(trailer);
    packet->RemoveHeader(header);
    const auto tap = taps.find(header.GetDestination());
    return Frame{packet, header.GetLengthType(), tap == taps.end() ? nullptr : tap->second};
  };
  const auto begun = std::make_shared<Time>();
  using Trace = ns3::Callback<void, ns3::Ptr<const ns3::Packet>>;
  using Packet = ns3::Ptr<const ns3::Packet>;
  const auto size = [](const Frame& frame) { return Bytes(frame.packet->GetSize()); };
  device->TraceConnectWithoutContext("MacTx", Trace([open, size](const Packet& packet) {
                                       if (const auto frame = open(packet); frame.tap != nullptr)
                                         frame.tap->offered(size(frame));
                                     }));
  device->TraceConnectWithoutContext("MacTxDrop", Trace([open, size](const Packet& packet) {
                                       if (const auto frame = open(packet); frame.tap != nullptr)
                                         frame.tap->dropped(size(frame));
                                     }));
  device->TraceConnectWithoutContext("PhyTxBegin",
                                     Trace([begun](const Packet&) { *begun = Simulation::now(); }));
  device->TraceConnectWithoutContext(
      "PhyTxEnd", Trace([this, open, from, begun](const Packet& packet) {
        const auto frame = open(packet);
        if (frame.tap != nullptr) frame.tap->sent(*frame.packet, {*begun, Simulation::now(), 0, 0}, {});
        left(from, {frame.packet, frame.protocol, *begun});
      }));
}

// The tap of the link that a packet at `from` takes by its destination; null where there is no tap, and for
// packets that an access point only passes on, below IP.
LinkTap* TcpCarrier::tap_towards(DeviceId from, const ns3::Ptr<ns3::NetDevice>& device,
                                 const ns3::Packet& packet) const {
  ns3::Ipv4Header ip;
  packet.PeekHeader(ip);
  const DeviceId source = device_of(ip.GetSource()), target = device_of(ip.GetDestination());
  const auto count = static_cast<std::uint32_t>(spec_.devices.size());
  if (topology_.taps.empty() || source.value >= count || target.value >= count || target == from)
    return nullptr;
  const auto link = routes_.next(from, target);
  if (!link || topology_.devices[link->value] != device) return nullptr;
  const auto way = routes_.path(source, target);
  const bool ours = std::find(way.begin(), way.end(), *link) != way.end();
  return ours ? topology_.taps[link->value].get() : nullptr;
}

void TcpCarrier::watch_wifi(DeviceId from, const ns3::Ptr<ns3::WifiNetDevice>& device) {
  using Packet = WifiListener::Packet;
  const ns3::Ptr<ns3::NetDevice> as_device = device;
  const auto told = [this, from, as_device](auto tell) {
    return [this, from, as_device, tell](const Packet& packet) {
      if (LinkTap* tap = tap_towards(from, as_device, *packet)) tell(*tap, *packet);
    };
  };
  const auto size = [](const ns3::Packet& packet) { return Bytes(packet.GetSize()); };
  const auto begun = std::make_shared<Time>();
  listen_to_wifi(device,
                 {.offered = told([size](LinkTap& tap, const ns3::Packet& p) { tap.offered(size(p)); }),
                  .dropped = told([size](LinkTap& tap, const ns3::Packet& p) { tap.dropped(size(p)); }),
                  .lost = told([size](LinkTap& tap, const ns3::Packet& p) { tap.lost(size(p)); }),
                  .delivered = told([size](LinkTap& tap, const ns3::Packet& p) { tap.delivered(size(p)); }),
                  .begins =
                      [this, from, begun](const Packet& packet) {
                        *begun = Simulation::now();
                        left(from, {packet, ns3::Ipv4L3Protocol::PROT_NUMBER, *begun});
                      },
                  .sent =
                      [this, from, as_device, begun](const Packet& packet) {
                        if (LinkTap* tap = tap_towards(from, as_device, *packet)) tap->attempted(*packet);
                        left(from, {packet, ns3::Ipv4L3Protocol::PROT_NUMBER, *begun});
                      }});
}

// The taps of the device's links, by the address of the device at the other end.
std::map<ns3::Mac48Address, LinkTap*> TcpCarrier::taps_from(const ns3::Ptr<ns3::NetDevice>& device) const {
  std::map<ns3::Mac48Address, LinkTap*> taps;
  for (std::size_t i = 0; i < topology_.taps.size(); ++i) {
    if (topology_.devices[i] != device) continue;
    for (const auto& [node, other] : topology_.on_media)
      if (node == spec_.links[i].to && other->GetChannel() == device->GetChannel())
        taps.emplace(ns3::Mac48Address::ConvertFrom(other->GetAddress()), topology_.taps[i].get());
  }
  return taps;
}

void TcpCarrier::listen(DeviceId at) {
  const auto listener = make_tcp_socket(spec_, topology_.nodes[at.value], "tcp");
  MR_CHECK(listener->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), kPort)) == 0);
  MR_CHECK(listener->Listen() == 0);
  listener->SetAcceptCallback(
      [](const ns3::Ptr<ns3::Socket>&, const ns3::Address&) { return true; },
      [this, at](const ns3::Ptr<ns3::Socket>& socket, const ns3::Address& peer) {
        const DeviceId from = device_of(ns3::InetSocketAddress::ConvertFrom(peer).GetIpv4());
        Connection& connection = *connections_.at(Pair{from, at});
        connection.receiver = socket;
        socket->SetRecvCallback([this, &connection](const ns3::Ptr<ns3::Socket>&) { read(connection); });
      });
  listeners_.push_back(listener);
}

TcpCarrier::Connection& TcpCarrier::open(const Pair& pair) {
  auto& slot = connections_[pair];
  if (slot) return *slot;
  slot = std::make_unique<Connection>();
  Connection& connection = *slot;  // stays where it is
  connection.sender = make_tcp_socket(
      spec_, topology_.nodes[pair.first.value],
      fmt::format("tcp/{}->{}", spec_.devices[pair.first.value], spec_.devices[pair.second.value]));
  MR_CHECK(connection.sender->Bind() == 0);
  connection.sender->SetConnectCallback(
      [this, &connection](const ns3::Ptr<ns3::Socket>&) {
        connection.connected = true;
        write(connection);
      },
      [this, &connection, pair](const ns3::Ptr<ns3::Socket>&) {
        connection.failed = true;
        log_warning(
            "tcp from {} to {}: no connection after {} attempts: a link that carries nothing, loses too "
            "much, or does not reach so far",
            spec_.devices[pair.first.value], spec_.devices[pair.second.value], tcp::kConnectRetries);
      });
  connection.sender->SetSendCallback(
      [this, &connection](const ns3::Ptr<ns3::Socket>&, std::uint32_t) { write(connection); });
  MR_CHECK(connection.sender->Connect(ns3::InetSocketAddress(address_of(pair.second), kPort)) == 0);
  return connection;
}

void TcpCarrier::carry(std::uint64_t order, const Transfer& transfer) {
  Connection& connection = open(Pair{transfer.from, transfer.to});
  const std::uint64_t begin = connection.submitted;
  connection.submitted += static_cast<std::uint64_t>(transfer.size.count());
  connection.messages.push_back(
      {.order = order, .begin = begin, .end = connection.submitted, .first_bit = {}, .last_bit = {}});
  write(connection);
}

// Gives TCP at most kAheadOfLink bytes more than have left the host; the rest waits here, in the application.
// Otherwise TCP would put all that its window allows into the host's own link, and ns-3 walks through all of
// that for each packet.
void TcpCarrier::write(Connection& connection) {
  if (!connection.connected) return;
  while (connection.written < std::min(connection.submitted, connection.left + kAheadOfLink)) {
    const std::uint64_t room = std::min(connection.sender->GetTxAvailable(), kWriteAtOnce);
    const auto size = static_cast<std::uint32_t>(std::min(room, connection.submitted - connection.written));
    if (size == 0) return;
    const int taken = connection.sender->Send(ns3::Create<ns3::Packet>(size));
    if (taken <= 0) return;
    connection.written += static_cast<std::uint64_t>(taken);
  }
}

void TcpCarrier::read(Connection& connection) {
  while (const auto packet = connection.receiver->Recv()) {
    if (packet->GetSize() == 0) break;
    connection.arrived += packet->GetSize();
  }
  while (!connection.messages.empty() && connection.messages.front().end <= connection.arrived) {
    const Message message = connection.messages.front();
    connection.messages.pop_front();
    arrived_({message.order, message.first_bit.value(), message.last_bit});
  }
}

// Notes when bytes of messages left, if the packet is TCP data on its first link.
void TcpCarrier::left(DeviceId from, const TraceDevice::Left& left) {
  if (left.protocol != ns3::Ipv4L3Protocol::PROT_NUMBER) return;
  const auto segment = segment_of(*left.packet);
  if (!segment || device_of(ns3::Ipv4Address(segment->from)) != from || segment->bytes == 0 ||
      segment->flow.target_port != kPort)
    return;
  const auto found = connections_.find(Pair{from, device_of(ns3::Ipv4Address(segment->flow.to))});
  if (found == connections_.end()) return;
  Connection& connection = *found->second;
  // The stream starts at sequence number 1; the 32-bit number is taken as near to what has arrived.
  const auto near = static_cast<std::uint32_t>(connection.arrived);
  const auto distance = static_cast<std::int32_t>(segment->sequence - 1U - near);
  const auto begin = static_cast<std::int64_t>(connection.arrived) + distance;
  const auto end = begin + segment->bytes;
  for (Message& message : connection.messages) {
    if (static_cast<std::int64_t>(message.begin) >= end) break;
    if (static_cast<std::int64_t>(message.end) <= begin) continue;
    if (!message.first_bit) message.first_bit = left.first_bit;
    message.last_bit = Simulation::now();
  }
  connection.left = std::max(connection.left, static_cast<std::uint64_t>(std::max(end, std::int64_t{0})));
  write(connection);
}

bool TcpCarrier::dead_way(DeviceId from, DeviceId to) const {
  const auto path = routes_.path(from, to);
  return std::any_of(path.begin(), path.end(), [&](LinkId link) {
    const RateTrace& trace = *traces_[link.value];
    return !trace.departure(trace.cumulative(Simulation::now()));
  });
}

bool TcpCarrier::hopeless(DeviceId from, DeviceId to) const {
  const auto found = connections_.find(Pair{from, to});
  if (found != connections_.end() && found->second->failed) return true;
  return dead_way(from, to) || dead_way(to, from);
}

}  // namespace millrace
