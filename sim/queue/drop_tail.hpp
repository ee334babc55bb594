// First in, first out; a packet that does not fit is dropped.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "sim/queue/fifo.hpp"
#include "sim/queue/queue_disc.hpp"

namespace millrace {

template <class Payload>
class DropTail : public QueueDisc<Payload> {
 public:
  using typename QueueDisc<Payload>::Packet;
  using typename QueueDisc<Payload>::Offer;

  // limit: of all that waits.
  explicit DropTail(Bytes limit) : limit_(limit) {}

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
  std::optional<Packet> give(Time) override {
    auto head = fifo_.pop();
    if (!head) return std::nullopt;
    return std::move(head->packet);
  }

  Bytes limit_;
  Fifo<Packet> fifo_;
};

}  // namespace millrace
