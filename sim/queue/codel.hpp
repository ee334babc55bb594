// CoDel: one queue, whose packets CodelControl drops as they leave; a packet that does not fit is dropped as
// it comes.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "sim/queue/codel_control.hpp"
#include "sim/queue/fifo.hpp"
#include "sim/queue/queue_disc.hpp"

namespace millrace {

// The packet of `fifo` that leaves at `now`. Calls dropped(packet) of each one that does not. Also for each
// queue of FQ-CoDel.
template <class Packet, class Dropped>
std::optional<Packet> codel_dequeue(CodelControl& control, Fifo<Packet>& fifo, Time now,
                                    const Dropped& dropped) {
  control.begin(now);
  while (auto head = fifo.pop()) {
    if (!control.drops(head->since, fifo.bytes())) return std::move(head->packet);
    dropped(head->packet);
  }
  control.empty();
  return std::nullopt;
}

template <class Payload>
class Codel : public QueueDisc<Payload> {
 public:
  using typename QueueDisc<Payload>::Packet;
  using typename QueueDisc<Payload>::Offer;

  // limit: of all that waits. mtu: the size of a full packet.
  Codel(Bytes limit, Bytes mtu) : limit_(limit), control_(mtu) {}

  Bytes bytes() const override { return fifo_.bytes(); }
  std::size_t packets() const override { return fifo_.packets(); }

 private:
  Offer take(Packet packet, Time now) override {
    if (fifo_.bytes() + packet.size > limit_) {
      this->count_drop(packet.size);
      return Offer::dropped;
    }
    fifo_.push(std::move(packet), now);
    return Offer::taken;
  }
  std::optional<Packet> give(Time now) override {
    return codel_dequeue(control_, fifo_, now,
                         [this](const Packet& packet) { this->count_drop(packet.size); });
  }

  Bytes limit_;
  CodelControl control_;
  Fifo<Packet> fifo_;
};

}  // namespace millrace
