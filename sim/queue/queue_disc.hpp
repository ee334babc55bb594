// What waits for a link, and which packet goes or is dropped: the interface of all queue disciplines. It has
// no clock and no events: both calls are told the time, and whatever a discipline does periodically it
// catches up on then.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "runtime/base/check.hpp"
#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

// Payload: how the network holds packets. It is moved, never read.
template <class Payload>
class QueueDisc {
 public:
  struct Packet {
    Payload payload;
    Bytes size;
    std::uint32_t flow = 0;  // flow_hash() of the packet; only FQ-CoDel reads it
  };
  enum class Offer : std::uint8_t { taken, dropped };
  struct Drops {
    std::uint64_t packets = 0;
    Bytes bytes;
  };

  virtual ~QueueDisc() = default;
  QueueDisc() = default;
  QueueDisc(const QueueDisc&) = delete;
  QueueDisc& operator=(const QueueDisc&) = delete;

  // Times go forward over both calls; one that is earlier than the latest counts as the latest.

  // Whether the packet waits now. A discipline may drop other packets for it: drops() counts all of them.
  // REQUIRES packet.size > 0.
  Offer enqueue(Packet packet, Time now) {
    MR_CHECK(packet.size > Bytes(0), "a packet has a size");
    return take(std::move(packet), now_ = std::max(now_, now));
  }
  // The packet whose turn it is. Those that are dropped on the way count in drops(). Nothing: none waits any
  // more.
  std::optional<Packet> dequeue(Time now) { return give(now_ = std::max(now_, now)); }

  // What waits.
  virtual Bytes bytes() const = 0;
  virtual std::size_t packets() const = 0;
  bool empty() const { return packets() == 0; }
  // Since the beginning: packets that were offered, and packets that waited.
  const Drops& drops() const { return drops_; }

 protected:
  void count_drop(Bytes size) {
    ++drops_.packets;
    drops_.bytes += size;
  }

 private:
  virtual Offer take(Packet packet, Time now) = 0;
  virtual std::optional<Packet> give(Time now) = 0;

  Time now_;
  Drops drops_;
};

}  // namespace millrace
