// A link of constant rate below a queue discipline that is offered given packets: what comes through, and
// when.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "sim/queue/queue_disc.hpp"

namespace millrace {

struct Offered {
  Time at;
  Bytes size;
  std::uint32_t flow;
};

struct Carried {
  Offered packet;
  Duration waited;  // until its first bit left
};

// Packets of one flow until `end`, on average at this rate: as regular as a clock, or at random (Poisson).
inline std::vector<Offered> regular(BitRate rate, Bytes size, Time end, std::uint32_t flow = 0,
                                    Time from = Time::zero()) {
  std::vector<Offered> offered;
  const auto gap = Duration::ns(size.bits() * 1'000'000'000 / rate.bit_per_s());
  for (Time at = from; at < end; at = at + gap) offered.push_back({at, size, flow});
  return offered;
}
inline std::vector<Offered> at_random(BitRate rate, Bytes size, Time end, Random random,
                                      std::uint32_t flow = 0) {
  std::vector<Offered> offered;
  const double gap = static_cast<double>(size.bits()) / static_cast<double>(rate.bit_per_s());
  for (Time at; at < end; at = at + Duration::from_seconds(random.exponential() * gap))
    offered.push_back({at, size, flow});
  return offered;
}

// In the order of their instants; `offered` is too.
inline std::vector<Carried> carry(QueueDisc<Offered>& queue, const std::vector<Offered>& offered,
                                  BitRate rate) {
  std::vector<Carried> carried;
  Time free;
  // The link takes packets up to that instant.
  const auto serve = [&](Time until) {
    while (free <= until) {
      auto next = queue.dequeue(free);
      if (!next) return;
      carried.push_back({next->payload, free - next->payload.at});
      free = free + Duration::ns(next->size.bits() * 1'000'000'000 / rate.bit_per_s());
    }
  };
  for (const auto& packet : offered) {
    serve(packet.at - Duration::ns(1));
    free = std::max(free, packet.at);
    (void)queue.enqueue({.payload = packet, .size = packet.size, .flow = packet.flow}, packet.at);
    serve(packet.at);
  }
  serve(Time::never() - Duration::s(1));
  return carried;
}

// Of packets that were offered from then on.
inline Duration mean_wait(const std::vector<Carried>& carried, Time from) {
  Duration sum;
  std::int64_t count = 0;
  for (const auto& one : carried) {
    if (one.packet.at < from) continue;
    sum += one.waited;
    ++count;
  }
  return count == 0 ? Duration{} : sum / count;
}

}  // namespace millrace
