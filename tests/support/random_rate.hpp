// Random link rates for tests.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "runtime/base/random.hpp"
#include "sim/net/link_rate.hpp"

namespace millrace {

// Constant, or in steps of 5 to 60 ms; 1 to 100 Mbit/s, and in a stepped rate now and then an outage.
inline LinkRate random_rate(Random& random) {
  if (random.below(3) == 0) return BitRate::kbit(1000 + std::int64_t(random.below(99'000)));
  std::vector<RateStep> steps;
  Duration at;
  for (std::uint64_t i = 0; i < 2 + random.below(6); ++i) {
    const bool outage = i > 0 && random.below(4) == 0;
    steps.push_back({at, outage ? BitRate(0) : BitRate::kbit(1000 + std::int64_t(random.below(99'000)))});
    at += Duration::ns(5'000'000 + std::int64_t(random.below(55'000'000)));
  }
  return std::make_shared<const RateTrace>(RateTrace::make(std::move(steps), at, TraceEnd::loop).value());
}

}  // namespace millrace
