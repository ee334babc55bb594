#include "sim/ns3/cross_traffic_apps.hpp"

#include <fmt/format.h>
#include <ns3/inet-socket-address.h>
#include <ns3/udp-socket-factory.h>

#include <algorithm>
#include <cmath>

#include "sim/ns3/host_stack.hpp"
#include "sim/ns3/simulation.hpp"

namespace millrace {
namespace {

// Ports of their own, above those of the pipeline's connections: one per entry.
constexpr std::uint16_t kFirstPort = 20'000;
constexpr std::uint32_t kUdpHeaders = 28;  // IPv4 20, UDP 8
constexpr std::uint32_t kWriteAtOnce = 1U << 16U;

std::uint16_t port_of(std::size_t index) { return static_cast<std::uint16_t>(kFirstPort + index); }

void write_all(const ns3::Ptr<ns3::Socket>& socket) {
  while (socket->GetTxAvailable() >= kWriteAtOnce) {
    if (socket->Send(ns3::Create<ns3::Packet>(kWriteAtOnce)) <= 0) return;
  }
}

}  // namespace

CrossTrafficApps::CrossTrafficApps(const NetworkSpec& spec, const Topology& topology)
    : arrived_(spec.cross_traffic.size()) {
  for (std::size_t i = 0; i < spec.cross_traffic.size(); ++i) {
    if (spec.cross_traffic[i].kind == CrossTrafficKind::on_off)
      add_on_off(spec, topology, i);
    else
      add_bulk(spec, topology, i);
  }
}

void CrossTrafficApps::add_on_off(const NetworkSpec& spec, const Topology& topology, std::size_t index) {
  const CrossTrafficSpec& cross = spec.cross_traffic[index];
  const auto socket_at = [&](DeviceId node) {
    sockets_.push_back(
        ns3::Socket::CreateSocket(topology.nodes[node.value], ns3::UdpSocketFactory::GetTypeId()));
    return sockets_.back();
  };
  const auto sink = socket_at(cross.to);
  MR_CHECK(sink->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), port_of(index))) == 0);
  sink->SetRecvCallback([this, index](const ns3::Ptr<ns3::Socket>& socket) {
    while (const auto packet = socket->Recv()) arrived_[index] += packet->GetSize() + kUdpHeaders;
  });
  const auto source = socket_at(cross.from);
  MR_CHECK(source->Bind() == 0);
  MR_CHECK(source->Connect(ns3::InetSocketAddress(address_of(cross.to), port_of(index))) == 0);
  const auto interval_ns =
      static_cast<double>(spec.mtu.bits()) * 1e9 / static_cast<double>(cross.rate.bit_per_s());
  sources_.push_back(std::make_unique<OnOff>(
      OnOff{.socket = source,
            .bursts = Bursts(cross, spec.seed, index),
            .interval = Duration::ns(std::max<std::int64_t>(1, std::llround(interval_ns))),
            .payload = static_cast<std::uint32_t>(spec.mtu.count()) - kUdpHeaders}));
  next_burst(*sources_.back());
}

void CrossTrafficApps::next_burst(OnOff& source) {
  const auto burst = source.bursts.next();
  if (!burst) return;
  source.now = *burst;
  Simulation::at(std::max(Simulation::now(), burst->begin + source.interval),
                 [this, &source] { send(source); });
}

void CrossTrafficApps::send(OnOff& source) {
  if (Simulation::now() > source.now.end) return next_burst(source);
  source.socket->Send(ns3::Create<ns3::Packet>(source.payload));
  Simulation::at(Simulation::now() + source.interval, [this, &source] { send(source); });
}

void CrossTrafficApps::add_bulk(const NetworkSpec& spec, const Topology& topology, std::size_t index) {
  const CrossTrafficSpec& cross = spec.cross_traffic[index];
  const auto listener = make_tcp_socket(spec, topology.nodes[cross.to.value], "tcp");
  MR_CHECK(listener->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), port_of(index))) == 0);
  MR_CHECK(listener->Listen() == 0);
  listener->SetAcceptCallback([](const ns3::Ptr<ns3::Socket>&, const ns3::Address&) { return true; },
                              [this, index](const ns3::Ptr<ns3::Socket>& accepted, const ns3::Address&) {
                                sockets_.push_back(accepted);
                                accepted->SetRecvCallback([this, index](const ns3::Ptr<ns3::Socket>& socket) {
                                  while (const auto packet = socket->Recv()) {
                                    if (packet->GetSize() == 0) break;
                                    arrived_[index] += packet->GetSize();
                                  }
                                });
                              });
  const auto sender =
      make_tcp_socket(spec, topology.nodes[cross.from.value], fmt::format("tcp/cross_traffic/{}", index));
  MR_CHECK(sender->Bind() == 0);
  sender->SetConnectCallback([](const ns3::Ptr<ns3::Socket>& socket) { write_all(socket); },
                             [](const ns3::Ptr<ns3::Socket>&) {});
  sender->SetSendCallback([](const ns3::Ptr<ns3::Socket>& socket, std::uint32_t) { write_all(socket); });
  Simulation::at(cross.start, [sender, to = cross.to, index] {
    sender->Connect(ns3::InetSocketAddress(address_of(to), port_of(index)));
  });
  if (cross.stop != Time::never())
    Simulation::at(cross.stop, [sender] {
      sender->SetSendCallback([](const ns3::Ptr<ns3::Socket>&, std::uint32_t) {});
      sender->Close();
    });
  sockets_.push_back(listener);
  sockets_.push_back(sender);
}

}  // namespace millrace
