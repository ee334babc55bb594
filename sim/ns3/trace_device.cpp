#include "sim/ns3/trace_device.hpp"

#include <ns3/ipv4-header.h>
#include <ns3/ipv4-l3-protocol.h>
#include <ns3/tcp-header.h>
#include <ns3/tcp-l4-protocol.h>

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
  server_.emplace(sender.rate);
  sender_ = std::move(sender);
}

bool TraceDevice::fits(Bytes size) const {
  return sender_ && (!sending_ || (above_ == nullptr && queued_ + size <= sender_->queue));
}

bool TraceDevice::Send(ns3::Ptr<ns3::Packet> packet, const ns3::Address&, std::uint16_t protocol) {
  if (tap_ != nullptr) tap_->offered(size_of(*packet));
  return send_waiting(packet, protocol, Simulation::now());
}

bool TraceDevice::send_waiting(const ns3::Ptr<ns3::Packet>& packet, std::uint16_t protocol, Time since) {
  const Bytes size = size_of(*packet);
  const bool room = fits(size);
  // Only beyond the queue does it matter whose packet it is.
  const Origin origin = room && held_back_ == 0 ? Origin::elsewhere : origin_of(*packet, protocol);
  if (!room && origin == Origin::elsewhere) {
    ++dropped_;
    if (tap_ != nullptr) tap_->dropped(size);
    return false;
  }
  if (sending_) {
    queued_ += size;
    auto place = queue_.end();
    if (origin == Origin::own_acknowledgement)
      while (place != queue_.begin() && std::prev(place)->held_back) --place;
    const bool held_back = !room && origin == Origin::own_data;
    held_back_ += held_back ? 1 : 0;
    queue_.insert(place, Item{packet, protocol, since, {}, {}, held_back});
    return true;
  }
  sending_ = Item{packet, protocol, since, {}, {}};
  start();
  return true;
}

TraceDevice::Origin TraceDevice::origin_of(const ns3::Packet& packet, std::uint16_t protocol) const {
  ns3::Ipv4Header header;
  if (!own_ || !sender_ || above_ != nullptr || protocol != ns3::Ipv4L3Protocol::PROT_NUMBER ||
      packet.PeekHeader(header) == 0 || header.GetSource() != *own_ ||
      header.GetProtocol() != ns3::TcpL4Protocol::PROT_NUMBER)
    return Origin::elsewhere;
  const auto segment = packet.Copy();
  segment->RemoveHeader(header);
  ns3::TcpHeader tcp;
  segment->RemoveHeader(tcp);
  return segment->GetSize() == 0 ? Origin::own_acknowledgement : Origin::own_data;
}

bool TraceDevice::SendFrom(ns3::Ptr<ns3::Packet> packet, const ns3::Address&, const ns3::Address& to,
                           std::uint16_t protocol) {
  return Send(packet, to, protocol);
}

void TraceDevice::start() {
  const Bytes size = size_of(*sending_->packet) + sender_->overhead;
  const auto& service = sending_->service = server_->serve(sending_->since, size);
  if (above_ != nullptr) above_->Stop();
  if (!sending_->first_bit) sending_->first_bit = service.first;
  // Without a last bit the link never comes back: the packet stays here, and all behind it.
  if (service.last)
    ns3::Simulator::Schedule(to_ns3(*service.last - Simulation::now()), &TraceDevice::finish,
                             ns3::Ptr<TraceDevice>(this));
}

// A loss model is stepped for every packet, then asked.
bool TraceDevice::is_lost(Time now) {
  double loss = 0;
  const auto& steps = sender_->loss.steps();
  if (const auto& model = sender_->loss_model; model && (steps.size() == 1 || now < steps[1].first)) {
    const double leaves = channel_is_bad_ ? model->r : model->p;
    if (sender_->random.uniform() < leaves) channel_is_bad_ = !channel_is_bad_;
    loss = channel_is_bad_ ? model->bad_loss : model->good_loss;
  } else {
    loss = sender_->loss.at(now);
  }
  return loss > 0 && sender_->random.uniform() < loss;
}

void TraceDevice::finish() {
  const Time now = Simulation::now();
  const bool lost = is_lost(now);
  if (lost) ++lost_;
  const bool again = lost && sender_->repeats_lost;
  if (tap_ != nullptr) tap_->sent(*sending_->packet, sending_->service, {.lost = lost, .again = again});
  if (again) return start();
  if (on_left_) on_left_({sending_->packet, sending_->protocol, *sending_->first_bit});
  if (!lost) {
    last_arrival_ = std::max(last_arrival_, now + sender_->delay.at(now));  // no packet overtakes another
    ns3::Simulator::ScheduleWithContext(peer_->GetNode()->GetId(), to_ns3(last_arrival_ - now),
                                        &TraceDevice::receive, ns3::Ptr<TraceDevice>(peer_), sending_->packet,
                                        sending_->protocol);
  }
  sending_.reset();
  if (!queue_.empty()) {
    sending_ = std::move(queue_.front());
    held_back_ -= sending_->held_back ? 1 : 0;
    queue_.pop_front();
    queued_ -= size_of(*sending_->packet);
    start();
  }
  if (above_ != nullptr && !sending_) above_->Wake();
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
  queue_.clear();
  held_back_ = 0;
  sending_.reset();
  node_ = nullptr;
  receive_ = ReceiveCallback();
  promiscuous_ = PromiscReceiveCallback();
  NetDevice::DoDispose();
}

}  // namespace millrace
