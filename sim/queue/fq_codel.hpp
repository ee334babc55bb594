// FQ-CoDel (RFC 8290): a queue per flow, each with its own CoDel, served in turn by deficits (Shreedhar and
// Varghese 1995). A flow that has just begun goes before those that keep a queue. The limit is in packets,
// and where it is exceeded the queue with the most bytes loses packets, usually not the one that was offered.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/base/check.hpp"
#include "sim/queue/codel.hpp"
#include "sim/queue/codel_control.hpp"
#include "sim/queue/fifo.hpp"
#include "sim/queue/queue_disc.hpp"

namespace millrace {

template <class Payload>
class FqCodel : public QueueDisc<Payload> {
 public:
  using typename QueueDisc<Payload>::Packet;
  using typename QueueDisc<Payload>::Offer;
  static constexpr std::size_t kQueues = 1024;  // RFC 8290, 5.2
  static constexpr std::size_t kAtOnce = 64;    // packets dropped where the limit is exceeded, at most (4.1)

  // limit: of all that waits, counted in full packets, at least one. mtu: the size of a full packet, and what
  // a flow may send in a round (the quantum).
  FqCodel(Bytes limit, Bytes mtu) : mtu_(mtu), queues_(kQueues) {
    MR_CHECK(mtu > Bytes(0), "a turn sends something");
    limit_ = static_cast<std::size_t>(std::max<std::int64_t>(1, limit.count() / mtu.count()));
  }

  Bytes bytes() const override { return bytes_; }
  std::size_t packets() const override { return packets_; }

 private:
  struct Queue {
    explicit Queue(Bytes mtu) : control(mtu) {}
    CodelControl control;
    Fifo<Packet> fifo{};
    Bytes deficit{};  // what it may still send in this round
    bool listed = false;
  };
  using Turns = std::deque<Queue*>;

  // RFC 8290, 4.1.
  Offer take(Packet packet, Time now) override {
    auto& place = queues_[packet.flow % kQueues];
    if (!place) place = std::make_unique<Queue>(mtu_);
    Queue& queue = *place;
    if (!queue.listed) {
      queue.listed = true;
      queue.deficit = mtu_;
      new_.push_back(&queue);
    }
    bytes_ += packet.size;
    ++packets_;
    queue.fifo.push(std::move(packet), now);
    if (packets_ > limit_) shorten_longest();
    return queue.fifo.empty() ? Offer::dropped : Offer::taken;  // the offered packet is the last of its queue
  }

  // RFC 8290, 4.2.
  std::optional<Packet> give(Time now) override {
    for (;;) {
      Turns& turns = new_.empty() ? old_ : new_;
      if (turns.empty()) return std::nullopt;
      Queue& queue = *turns.front();
      if (queue.deficit > Bytes(0)) {
        auto packet =
            codel_dequeue(queue.control, queue.fifo, now, [this](const Packet& gone) { drop(gone); });
        if (packet) {
          queue.deficit -= packet->size;
          left(*packet);
          return packet;
        }
        // A new flow cannot come back at once as a new one: that would starve the old ones.
        queue.listed = &turns == &new_;
      } else {
        queue.deficit += mtu_;
      }
      turns.pop_front();
      if (queue.listed) old_.push_back(&queue);
    }
  }

  // From its head, down to half of its bytes. Between equals, the queue with the lower number.
  void shorten_longest() {
    Queue* longest = nullptr;
    for (const auto& queue : queues_)
      if (queue && (longest == nullptr || queue->fifo.bytes() > longest->fifo.bytes())) longest = queue.get();
    const Bytes half(longest->fifo.bytes().count() / 2);
    Bytes gone;
    for (std::size_t i = 0; i == 0 || (i < kAtOnce && gone < half); ++i) {
      const auto head = longest->fifo.pop();
      gone += head->packet.size;
      drop(head->packet);
    }
  }
  void left(const Packet& packet) {
    bytes_ -= packet.size;
    --packets_;
  }
  void drop(const Packet& packet) {
    left(packet);
    this->count_drop(packet.size);
  }

  Bytes mtu_;
  std::size_t limit_;
  std::vector<std::unique_ptr<Queue>> queues_;  // made when they are first needed; what CoDel learnt stays
  Turns new_, old_;
  Bytes bytes_;
  std::size_t packets_ = 0;
};

}  // namespace millrace
