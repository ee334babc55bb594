#include "sim/ns3/raw_carrier.hpp"

#include <ns3/tag.h>

#include <algorithm>

#include "sim/ns3/simulation.hpp"

namespace millrace {
namespace {

constexpr std::uint16_t kProtocol = 0x88B5;  // IEEE 802 "local experimental"

// Which transfer a packet belongs to.
class PacketTag final : public ns3::Tag {
 public:
  static ns3::TypeId GetTypeId() {
    static const ns3::TypeId id =
        ns3::TypeId("millrace::PacketTag").SetParent<ns3::Tag>().AddConstructor<PacketTag>();
    return id;
  }
  ns3::TypeId GetInstanceTypeId() const override { return GetTypeId(); }
  std::uint32_t GetSerializedSize() const override { return sizeof order; }
  void Serialize(ns3::TagBuffer buffer) const override { buffer.WriteU64(order); }
  void Deserialize(ns3::TagBuffer buffer) override { order = buffer.ReadU64(); }
  void Print(std::ostream& out) const override { out << "transfer " << order; }

  std::uint64_t order = 0;
};

std::uint64_t order_of(const ns3::Packet& packet) {
  PacketTag tag;
  MR_CHECK(packet.PeekPacketTag(tag), "a packet of ours carries its transfer");
  return tag.order;
}

}  // namespace

RawCarrier::RawCarrier(const NetworkSpec& spec, const Topology& topology, ArrivalHandler arrived)
    : framing_(spec.transport, spec.mtu),
      routes_(spec),
      topology_(topology),
      arrived_(std::move(arrived)),
      waiting_(spec.links.size()) {
  for (std::uint32_t i = 0; i < spec.links.size(); ++i) {
    topology.senders[i]->on_left([this, i](const TraceDevice::Left& l) { left(LinkId{i}, l); });
    topology.senders[i]->on_room([this, i] { fill(LinkId{i}); });
    if (LinkTap* tap = topology.senders[i]->tap())
      tap->headers([this](const ns3::Packet& packet) { return header_of(packet); });
  }
  for (std::uint32_t node = 0; node < topology.nodes.size(); ++node)
    for (std::uint32_t d = 0; d < topology.nodes[node]->GetNDevices(); ++d)
      topology.nodes[node]->GetDevice(d)->SetReceiveCallback(
          [this, node](const ns3::Ptr<ns3::NetDevice>&, const ns3::Ptr<const ns3::Packet>& packet,
                       std::uint16_t, const ns3::Address&) { return received(DeviceId{node}, *packet); });
}

void RawCarrier::carry(std::uint64_t order, const Transfer& transfer) {
  const LinkId link = routes_.next(transfer.from, transfer.to).value();
  flights_.emplace(order, Flight{.from = transfer.from,
                                 .to = transfer.to,
                                 .unarrived = transfer.size,
                                 .first_link = link,
                                 .first_bit = {},
                                 .last_bit = {}});
  enqueue(link, {.order = order, .unsent = transfer.size, .forwarded = nullptr, .since = {}});
}

void RawCarrier::enqueue(LinkId link, Waiting waiting) {
  waiting.since = Simulation::now();
  if (LinkTap* tap = topology_.senders[link.value]->tap())
    tap->offered(waiting.forwarded ? Bytes(waiting.forwarded->GetSize())
                                   : framing_.wire_size(waiting.unsent));
  waiting_[link.value].push_back(std::move(waiting));
  fill(link);
}

ns3::Ptr<ns3::Packet> RawCarrier::next_packet(const Waiting& waiting) const {
  if (waiting.forwarded) return waiting.forwarded;
  auto packet =
      ns3::Create<ns3::Packet>(static_cast<std::uint32_t>(framing_.first_packet(waiting.unsent).count()));
  PacketTag tag;
  tag.order = waiting.order;
  packet->AddPacketTag(tag);
  return packet;
}

BareHeader RawCarrier::header_of(const ns3::Packet& packet) const {
  const auto order = order_of(packet);
  const Flight& flight = flights_.at(order);
  return bare_header({.from = kFirstAddress + flight.from.value,
                      .to = kFirstAddress + flight.to.value,
                      .transfer = order,
                      .size = Bytes(packet.GetSize())});
}

// Hands the device, in order, as much as fits its queue.
void RawCarrier::fill(LinkId link) {
  auto& waiting = waiting_[link.value];
  TraceDevice& device = *topology_.senders[link.value];
  while (!waiting.empty()) {
    Waiting& front = waiting.front();
    const Bytes size =
        front.forwarded ? Bytes(front.forwarded->GetSize()) : framing_.first_packet(front.unsent);
    if (!device.fits(size)) return;
    const auto packet = next_packet(front);
    const Time since = front.since;
    front.unsent -= std::min(front.unsent, framing_.payload());
    if (front.forwarded || front.unsent == Bytes(0)) waiting.pop_front();
    MR_CHECK(device.send_waiting(packet, kProtocol, since));
  }
}

void RawCarrier::left(LinkId link, const TraceDevice::Left& left) {
  const auto found = flights_.find(order_of(*left.packet));
  MR_CHECK(found != flights_.end());
  Flight& flight = found->second;
  if (link != flight.first_link) return;
  if (!flight.first_bit) flight.first_bit = left.first_bit;
  flight.last_bit = Simulation::now();
}

bool RawCarrier::received(DeviceId at, const ns3::Packet& packet) {
  const auto found = flights_.find(order_of(packet));
  MR_CHECK(found != flights_.end());
  Flight& flight = found->second;
  if (flight.to != at) {
    enqueue(routes_.next(at, flight.to).value(),
            {.order = 0, .unsent = {}, .forwarded = packet.Copy(), .since = {}});
    return true;
  }
  flight.unarrived -= Bytes(packet.GetSize()) - framing_.header();
  if (flight.unarrived > Bytes(0)) return true;
  const Arrival arrival{found->first, flight.first_bit.value(), flight.last_bit};
  flights_.erase(found);
  arrived_(arrival);
  return true;
}

}  // namespace millrace
