#include "sim/ns3/trace_device.hpp"

#include <ns3/ipv4-l3-protocol.h>

#include <utility>

#include "sim/ns3/packet_segment.hpp"
#include "sim/ns3/simulation.hpp"

namespace millrace {
namespace {

Bytes size_of(const ns3::Packet& packet) { return Bytes(packet.GetSize()); }

}  // namespace

ns3::TypeId TraceDevice::GetTypeId() {
  static const ns3::TypeId id =
      ns3::TypeId("millrace::TraceDevice").SetParent<ns3::NetDevice>().SetGroupName("Network");
  return id;
}

void TraceDevice::join(const ns3::Ptr<TraceDevice>& a, const ns3::Ptr<TraceDevice>& b) {
  a->peer_ = ns3::PeekPointer(b);
  b->peer_ = ns3::PeekPointer(a);
}

void TraceDevice::set_sender(Sender sender) {
  first_delay_ = sender.delay.at(Time::zero());
  sender_.emplace(
      LinkSender<Held>::Setup{.rate = std::move(sender.rate),
                              .delay = std::move(sender.delay),
                              .queue = sender.queue,
                              .loss = PacketLoss(std::move(sender.loss), sender.loss_model, sender.random),
                              .overhead = sender.overhead,
                              .repeats_lost = sender.repeats_lost});
}

void TraceDevice::hold_back(ns3::NetDeviceQueue* queue) {
  above_ = queue;
  sender_->hold_one();
}

bool TraceDevice::fits(Bytes size) const { return sender_ && sender_->fits(size); }

bool TraceDevice::Send(ns3::Ptr<ns3::Packet> packet, const ns3::Address&, std::uint16_t protocol) {
  const Bytes size = size_of(*packet);
  if (before_start_ && sender_) {
    if (tap_ != nullptr) tap_->capture(*packet, Time::zero());
    ns3::Simulator::ScheduleWithContext(peer_->GetNode()->GetId(), to_ns3(first_delay_),
                                        &TraceDevice::receive, ns3::Ptr<TraceDevice>(peer_), packet,
                                        protocol);
    return true;
  }
  const auto offered = offer(packet, protocol, Simulation::now(), own_segment(*packet, protocol));
  if (tap_ != nullptr && offered != Offer::held) tap_->offered(size);
  if (offered != Offer::dropped) return true;
  ++dropped_;
  if (tap_ != nullptr) tap_->dropped(size);
  return false;
}

bool TraceDevice::send_waiting(const ns3::Ptr<ns3::Packet>& packet, std::uint16_t protocol, Time since) {
  return offer(packet, protocol, since, std::nullopt) == Offer::taken;
}

TraceDevice::Offer TraceDevice::offer(const ns3::Ptr<ns3::Packet>& packet, std::uint16_t protocol, Time since,
                                      const std::optional<TcpSegment>& own) {
  if (!sender_) return Offer::dropped;
  const bool idle = sender_->sending() == nullptr;
  const auto offered = sender_->offer({packet, protocol}, size_of(*packet), since, own);
  if (idle && offered == Offer::taken) began();
  return offered;
}

std::optional<TcpSegment> TraceDevice::own_segment(const ns3::Packet& packet, std::uint16_t protocol) const {
  if (!own_ || !sender_ || above_ != nullptr || protocol != ns3::Ipv4L3Protocol::PROT_NUMBER) return {};
  auto segment = segment_of(packet);
  if (segment && segment->from != own_->Get()) segment.reset();
  return segment;
}

// Another packet is being sent, if one is.
void TraceDevice::began() {
  if (sender_->sending() == nullptr) return;
  if (above_ != nullptr) above_->Stop();
  if (const auto departure = sender_->departure())
    ns3::Simulator::Schedule(to_ns3(*departure - Simulation::now()), &TraceDevice::finish,
                             ns3::Ptr<TraceDevice>(this));
}

void TraceDevice::finish() {
  const Time now = Simulation::now();
  const auto sending = *sender_->sending();
  const auto& [packet, protocol] = sending.payload;
  const auto departure = sender_->depart(now);
  if (departure.lost) ++lost_;
  if (tap_ != nullptr)
    tap_->sent(*packet, sending.service, {.lost = departure.lost, .again = departure.again});
  if (departure.again) return began();
  if (on_left_) on_left_({packet, protocol, *sending.first_bit});
  if (!departure.lost) {
    ns3::Simulator::ScheduleWithContext(peer_->GetNode()->GetId(), to_ns3(departure.arrives - now),
                                        &TraceDevice::receive, ns3::Ptr<TraceDevice>(peer_), packet,
                                        protocol);
  }
  sender_->advance();
  began();
  if (above_ != nullptr && sender_->sending() == nullptr) above_->Wake();
  if (on_room_) on_room_();
}

void TraceDevice::receive(const ns3::Ptr<ns3::Packet>& packet, std::uint16_t protocol) {
  if (!promiscuous_.IsNull())
    promiscuous_(this, packet, protocol, peer_->GetAddress(), GetAddress(), PACKET_HOST);
  if (!receive_.IsNull()) receive_(this, packet, protocol, peer_->GetAddress());
}

void TraceDevice::DoDispose() {
  on_left_ = nullptr;
  on_room_ = nullptr;
  above_ = nullptr;
  if (sender_) sender_->clear();
  node_ = nullptr;
  receive_ = ReceiveCallback();
  promiscuous_ = PromiscReceiveCallback();
  NetDevice::DoDispose();
}

}  // namespace millrace
