// The sending end of one direction of a link, packet by packet: its queue, its rate or trace (LinkServer),
// losses and delay. ns-3's device (sim/ns3) and the real links of this machine (sim/links) are both made of
// it, so a scenario's link means the same in simulation and in reality.
//
// It has no clock and no events. Its owner offers packets, and calls depart() and then advance() at each
// instant that departure() names.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <utility>

#include "sim/net/packet_loss.hpp"
#include "sim/net/small_queues.hpp"

namespace millrace {

template <class Payload>
class LinkSender {
 public:
  using Packet = QueuedPacket<Payload>;
  struct Setup {
    LinkRate rate;
    Scheduled<Duration> delay;
    Bytes queue;  // what waits; the packet being sent is not counted
    PacketLoss loss;
    Bytes overhead{};           // of layer 2: takes time, is in no queue
    bool repeats_lost = false;  // a lost packet is sent again at once (link-layer ARQ) instead of dropped
  };
  // held: TCP sent again what still waits here, so it is not needed.
  enum class Offer : std::uint8_t { taken, held, dropped };
  struct Departure {
    bool lost = false, again = false;
    Time arrives{};  // at the other end, where it is not lost
  };

  explicit LinkSender(Setup setup) : setup_(std::move(setup)), server_(setup_.rate) {}

  // A packet that has been waiting since then for the link. `own`: it is a TCP segment of this end itself.
  // Its data waits however much it is, in SmallQueues: a host does not drop what it sends itself, nor its
  // acknowledgements. Everything else is dropped where the queue is full.
  Offer offer(Payload payload, Bytes size, Time since, const std::optional<TcpSegment>& own = {}) {
    const bool data = own && own->bytes > 0;
    if (data && own_data_.holds(*own)) return Offer::held;
    Packet packet{.payload = std::move(payload), .size = size, .since = since};
    if (data) {
      packet.flow = own->flow;
      packet.sequence = own->sequence;
      packet.bytes = own->bytes;
    }
    const bool enters = data ? fits(size) && own_data_.may_enter(own->flow) : own || fits(size);
    if (enters) {
      enqueue(std::move(packet));
      return Offer::taken;
    }
    if (!data) return Offer::dropped;
    own_data_.wait(std::move(packet));
    return Offer::taken;
  }
  // Whether a packet of so many bytes, not the host's own, would be taken.
  bool fits(Bytes size) const { return !sending_ || size <= room(); }
  // From now on only the packet that is being sent is held here; the queue is elsewhere.
  void hold_one() { holds_one_ = true; }

  // The packet that is being sent; null where the link is idle.
  const Packet* sending() const { return sending_ ? &*sending_ : nullptr; }
  // When its last bit leaves; nothing where the link is idle, or never carries it.
  std::optional<Time> departure() const { return sending_ ? sending_->service.last : std::nullopt; }
  // The last bit leaves. Where the packet is sent again there is a new departure(), and nothing else to do.
  // REQUIRES now == departure().
  Departure depart(Time now) {
    Departure departure{.lost = setup_.loss.loses(now)};
    departure.again = departure.lost && setup_.repeats_lost;
    if (departure.again)
      start();
    else if (!departure.lost)
      departure.arrives = last_arrival_ = std::max(last_arrival_, now + setup_.delay.at(now));
    return departure;
  }
  // The packet is gone and the next one begins. Returns what has departed. REQUIRES a depart() before.
  Packet advance() {
    Packet gone = std::move(*sending_);
    if (gone.flow) own_data_.left(gone);
    sending_.reset();
    if (!queue_.empty()) {
      sending_ = std::move(queue_.front());
      queue_.pop_front();
      queued_ -= sending_->size;
      start();
    }
    refill();
    return gone;
  }
  void clear() {
    queue_.clear();
    own_data_.clear();
    sending_.reset();
    queued_ = Bytes(0);
  }

 private:
  static constexpr Bytes kAnySize{std::numeric_limits<std::int64_t>::max()};

  Bytes room() const { return holds_one_ ? Bytes(0) : std::max(setup_.queue - queued_, Bytes(0)); }
  void enqueue(Packet packet) {
    packet.since = last_since_ = std::max(last_since_, packet.since);
    if (packet.flow) own_data_.entered(packet);
    if (sending_) {
      queued_ += packet.size;
      queue_.push_back(std::move(packet));
      return;
    }
    sending_ = std::move(packet);
    start();
  }
  // With own data whose turn it is.
  void refill() {
    while (!own_data_.empty()) {
      auto next = own_data_.next(sending_ ? room() : kAnySize);
      if (!next) return;
      enqueue(std::move(*next));
    }
  }
  // Without a last bit the link never comes back: the packet stays here, and all behind it.
  void start() {
    sending_->service = server_.serve(sending_->since, sending_->size + setup_.overhead);
    if (!sending_->first_bit) sending_->first_bit = sending_->service.first;
  }

  Setup setup_;
  LinkServer server_;
  std::optional<Packet> sending_;
  std::deque<Packet> queue_;
  SmallQueues<Payload> own_data_;
  Bytes queued_;
  Time last_since_, last_arrival_;  // no packet overtakes another
  bool holds_one_ = false;
};

}  // namespace millrace
