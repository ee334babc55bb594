// Defines, for each microbatch, what it means to hold a target rate. A consumer takes the results away at
// that rate, one microbatch per period, and a microbatch is on time if the consumer need not wait for it, as
// a video player does. The consumer keeps up to kStock microbatches in stock (it begins when that many would
// be there), which evens out jitter; arrivals that are earlier still do not count; and a wait delays all that
// follows but is not counted twice. TargetShare computes from this how much of a target a run held.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "runtime/base/time.hpp"

namespace millrace {

class PacedConsumer {
 public:
  static constexpr std::int64_t kStock =
      3;  // the microbatch being taken and two more, as many as a window of 2 lets wait

  // How long a microbatch lasts at a target rate; at most 11 days, so that sums do not overflow. REQUIRES a
  // positive rate.
  static Duration period(std::uint32_t images, double images_per_s) {
    constexpr double kLongest_s = 1e6;
    return Duration::from_seconds(std::min(kLongest_s, images / images_per_s));
  }

  // A microbatch that lasts `period` at the target rate arrives. Returns how long the consumer waited for it:
  // 0 if it is on time, as the first always is.
  Duration arrive(Time at, Duration period) {
    if (!empty_at_) empty_at_ = at + period * (kStock - 1);
    const Duration late = std::max(Duration{}, at - *empty_at_);
    const Time supplied = std::max(at, *empty_at_) + period;
    empty_at_ = std::min(supplied, at + period * kStock);
    behind_ = std::max(Duration{}, behind_ + late - (supplied - *empty_at_));
    return late;
  }
  // When the consumer will have to wait; nothing before the first arrival.
  std::optional<Time> empty_at() const { return empty_at_; }
  // How far the target schedule is missed: all waits so far, less the time that later arrivals made up by
  // coming too early for the stock.
  Duration behind() const { return behind_; }
  void forgive() { behind_ = {}; }

 private:
  std::optional<Time> empty_at_;
  Duration behind_;
};

}  // namespace millrace
