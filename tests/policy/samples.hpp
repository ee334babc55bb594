// Acknowledgements and outgoing microbatches by the millisecond, and an ideal link.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "runtime/policy/quantization_policy.hpp"

namespace millrace {

inline Time at_ms(double ms) { return Time::zero() + Duration::from_seconds(ms * 1e-3); }

struct Acknowledgement {
  double sent_ms = 0, acknowledged_ms = 0;
  std::int64_t bytes = 0;
  std::uint64_t values = 1000;
  std::uint32_t images = 10;
};

inline LinkSample sample(const Acknowledgement& a) {
  return {.to = {2},
          .microbatch = {},
          .sent = at_ms(a.sent_ms),
          .acknowledged = at_ms(a.acknowledged_ms),
          .size = Bytes(a.bytes),
          .values = a.values,
          .images = a.images};
}

inline Outgoing outgoing(std::uint64_t values = 1000, std::uint32_t images = 10) {
  Outgoing out;
  out.images = images;
  out.values = values;
  return out;
}

// Microbatches come out of a stage at a steady rate and go, one after the other, over a link whose rate is
// given for each; codecs are exact unless `step` says that widths are multiples of it.
struct SteadyLink {
  QuantizationPolicy& policy;
  double period_s = 0.1, latency_s = 0.01, step = 0;
  std::uint64_t values = 1'000'000;
  std::uint32_t images = 10;

  struct Sent {
    double sent_s, acknowledged_s, bits;
  };
  double now_s = 0;
  std::vector<Sent> under_way{};
  std::uint64_t microbatch = 0;
  double free_s = 0;

  // Sends one microbatch, which the link serves at `mbit_per_s`; returns its budget in bits per value.
  double send(double mbit_per_s) {
    hear();
    Outgoing out = outgoing(values, images);
    out.microbatch = {microbatch++};
    for (const auto& one : under_way) {
      out.sender.in_flight_size += Bytes(static_cast<std::int64_t>(one.bits / 8));
      ++out.sender.in_flight;
    }
    if (!under_way.empty()) out.sender.oldest_sent = at_ms(under_way.front().sent_s * 1e3);
    const double budget = policy.choose(at_ms(now_s * 1e3), out).bits_per_value;
    const double width = step > 0 ? std::max(2.0, std::floor(budget / step) * step) : budget;
    const double bits = width * static_cast<double>(values);
    free_s = std::max(free_s, now_s + latency_s) + bits / (mbit_per_s * 1e6);
    under_way.push_back({now_s, free_s, bits});
    now_s += period_s;
    return budget;
  }
  void hear() {
    while (!under_way.empty() && under_way.front().acknowledged_s <= now_s) {
      const auto& one = under_way.front();
      policy.observe(sample({.sent_ms = one.sent_s * 1e3,
                             .acknowledged_ms = one.acknowledged_s * 1e3,
                             .bytes = static_cast<std::int64_t>(one.bits / 8),
                             .values = values,
                             .images = images}));
      under_way.erase(under_way.begin());
    }
  }
  // By how much the last one sent is late or will be, against its departure and one period.
  double behind_s() const { return free_s - now_s; }
};

}  // namespace millrace
