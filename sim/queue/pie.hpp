// PIE: one queue; a packet that comes is dropped with the probability that PieControl says, or where it does
// not fit.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "runtime/base/random.hpp"
#include "sim/queue/fifo.hpp"
#include "sim/queue/pie_control.hpp"
#include "sim/queue/queue_disc.hpp"

namespace millrace {

// Uniform: uniform() in [0, 1).
template <class Payload, class Uniform = Random>
class Pie : public QueueDisc<Payload> {
 public:
  using typename QueueDisc<Payload>::Packet;
  using typename QueueDisc<Payload>::Offer;

  // limit: of all that waits.
  Pie(Bytes limit, Uniform random) : limit_(limit), random_(std::move(random)) {}

  Bytes bytes() const override { return fifo_.bytes(); }
  std::size_t packets() const override { return fifo_.packets(); }

 private:
  Offer take(Packet packet, Time now) override {
    control_.advance(now);
    if (fifo_.bytes() + packet.size > limit_ || drops_early(packet)) {
      this->count_drop(packet.size);
      return Offer::dropped;
    }
    fifo_.push(std::move(packet), now);
    return Offer::taken;
  }
  bool drops_early(const Packet& packet) {
    const auto probability = control_.arrived(packet.size, fifo_.bytes());
    return probability && random_.uniform() < *probability;
  }
  std::optional<Packet> give(Time now) override {
    control_.advance(now);
    auto head = fifo_.pop();
    if (!head) return std::nullopt;
    control_.left(now - head->since, fifo_.bytes());
    return std::move(head->packet);
  }

  Bytes limit_;
  Uniform random_;
  PieControl control_;
  Fifo<Packet> fifo_;
};

}  // namespace millrace
