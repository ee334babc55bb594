#include "sim/ns3/trace_device.hpp"

#include <ns3/ipv4-l3-protocol.h>

#include <algorithm>
#include <limits>

#include "sim/ns3/simulation.hpp"

namespace millrace {
namespace {

constexpr Bytes kAnySize{std::numeric_limits<std::int64_t>::max()};

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

Bytes TraceDevice::room() const {
  return above_ == nullptr ? std::max(sender_->queue - queued_, Bytes(0)) : Bytes(0);
}

bool TraceDevice::fits(Bytes size) const { return sender_ && (!sending_ || size <= room()); }

bool TraceDevice::Send(ns3::Ptr<ns3::Packet> packet, const ns3::Address&, std::uint16_t protocol) {
  const auto own = own_segment(*packet, protocol);
  if (own && own->bytes > 0 && own_data_.holds(*own)) return true;
  if (tap_ != nullptr) tap_->offered(size_of(*packet));
  QueuedPacket queued{packet, protocol, Simulation::now(), {}};
  if (!own) return enter_or_drop(std::move(queued));
  if (own->bytes > 0) {
    queued.flow = own->flow;
    queued.sequence = own->sequence;
    queued.bytes = own->bytes;
    if (!fits(size_of(*packet)) || !own_data_.may_enter(own->flow))
      return own_data_.wait(std::move(queued)), true;
  }
  enqueue(std::move(queued));  // an acknowledgement enters even a full queue
  return true;
}

bool TraceDevice::send_waiting(const ns3::Ptr<ns3::Packet>& packet, std::uint16_t protocol, Time since) {
  return enter_or_drop({packet, protocol, since, {}});
}

bool TraceDevice::enter_or_drop(QueuedPacket packet) {
  const Bytes size = size_of(*packet.packet);
  if (fits(size)) return enqueue(std::move(packet)), true;
  ++dropped_;
  if (tap_ != nullptr) tap_->dropped(size);
  return false;
}

std::optional<TcpSegment> TraceDevice::own_segment(const ns3::Packet& packet, std::uint16_t protocol) const {
  if (!own_ || !sender_ || above_ != nullptr || protocol != ns3::Ipv4L3Protocol::PROT_NUMBER) return {};
  auto segment = tcp_segment(packet);
  if (segment && segment->from != own_->Get()) segment.reset();
  return segment;
}

void TraceDevice::enqueue(QueuedPacket packet) {
  packet.since = last_since_ = std::max(last_since_, packet.since);
  if (packet.flow) own_data_.entered(packet);
  if (sending_) {
    queued_ += size_of(*packet.packet);
    queue_.push_back(std::move(packet));
    return;
  }
  sending_ = std::move(packet);
  start();
}

// Fills the device with own data whose turn it is.
void TraceDevice::refill() {
  while (!own_data_.empty()) {
    auto next = own_data_.next(sending_ ? room() : kAnySize);
    if (!next) return;
    enqueue(std::move(*next));
  }
}

void TraceDevice::start() {
  const Bytes size = size_of(*sending_->packet) + sender_->overhead;
  const auto& service = sending_->service = server_->serve(sending_->since, size);
  if (above_ != nullptr) above_->Stop();
  if (!sending_->first_bit) sending_->first_bit = service.first;
  // Without an instant for the last bit the link never comes back: this packet and all behind it stay here.
  if (service.last)
    ns3::Simulator::Schedule(to_ns3(*service.last - Simulation::now()), &TraceDevice::finish,
                             ns3::Ptr<TraceDevice>(this));
}

// Whether the packet is lost. A loss model is stepped for every packet first.
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
  if (sending_->flow) own_data_.left(*sending_);
  sending_.reset();
  if (!queue_.empty()) {
    sending_ = std::move(queue_.front());
    queue_.pop_front();
    queued_ -= size_of(*sending_->packet);
    start();
  }
  refill();
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
  own_data_.clear();
  sending_.reset();
  node_ = nullptr;
  receive_ = ReceiveCallback();
  promiscuous_ = PromiscReceiveCallback();
  NetDevice::DoDispose();
}

}  // namespace millrace
