// A saturating sender over one recorded link: compares delivered bytes with the recording's integral, window
// by window.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/net/link_rate.hpp"
#include "sim/net/network.hpp"

namespace millrace {

struct Replay {
  double error = 0;         // of all bytes, as a share of the trace's
  double worst_window = 0;  // in 1 s, error beyond one packet as a share of the capacity
  std::uint64_t packets = 0;
};

// Packets of 1500 bytes with raw, one period of the trace. REQUIRES a network of two devices, raw, delay 0.
inline Replay replay(Network& network, const LinkRate& rate) {
  constexpr Bytes kPayload = Bytes(1460);
  constexpr double kPacket_bits = 1500 * 8;
  const auto trace = rate_trace_of(rate);
  const Time end = Time::zero() + trace->duration();
  std::vector<double> bits(static_cast<std::size_t>(trace->duration().seconds()) + 1);
  std::uint64_t sent = 0;
  const auto send = [&] {
    network.submit(network.now(), {TransferId{sent++}, DeviceId{0}, DeviceId{1}, kPayload});
  };
  for (int ahead = 0; ahead < 256; ++ahead) send();
  Replay result;
  while (const auto d = network.run_until(end + Duration::ns(1))) {
    // Its bits arrived in the window that ends here.
    bits.at(static_cast<std::size_t>((d->at.count_ns() - 1) / 1'000'000'000)) += kPacket_bits;
    ++result.packets;
    send();
  }
  const double whole = static_cast<double>(trace->total()) / 1e9;
  result.error = std::abs(static_cast<double>(result.packets) * kPacket_bits - whole) / whole;
  for (std::size_t second = 0; second + 1 < bits.size(); ++second) {
    const auto at = [&](std::size_t s) {
      return trace->cumulative(Time::zero() + Duration::s(static_cast<std::int64_t>(s)));
    };
    const double capacity = static_cast<double>(at(second + 1) - at(second)) / 1e9;
    const double beyond = std::abs(bits[second] - capacity) - kPacket_bits * (1 + 1e-9);
    if (beyond > 0)
      result.worst_window = std::max(result.worst_window, beyond / std::max(capacity, kPacket_bits));
  }
  return result;
}

inline NetworkSpec replay_spec(const LinkRate& rate) {
  NetworkSpec spec;
  spec.devices = {"a", "b"};
  spec.transport = Transport::raw;
  spec.links.push_back({DeviceId{0}, DeviceId{1}, rate});
  return spec;
}

}  // namespace millrace
