// How much of a target rate a run held: a consumer takes results away at that rate (PacedConsumer); the share
// is the part of all it asks for that was there in time.
//
//   judged   all microbatches but the first kFree, which are the consumer's initial stock
//   in time  judged microbatches for which the consumer need not wait
//   asked    the larger of
//              judged + the periods of the target that pass in waits (what should have come then)
//              the periods of the target in the whole run, less twice the stock: once for the stock itself,
//              once for the time that a pipeline may take to fill
//   share    in time / asked, each microbatch counting by its images
//
// Surprising fact: it is a share of what was asked for, not of what came, so neither a burst after an outage
// nor a short run makes up for a rate that was not held. With x = throughput / target and m = the run's
// duration in periods of the target, share <= (x m - 3) / (m - 6) for m > 6 and equal microbatches: at most x
// where x <= 1/2, and x in the long run.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "runtime/base/proportion.hpp"
#include "runtime/policy/paced_consumer.hpp"

namespace millrace {

class TargetShare {
 public:
  static constexpr std::uint64_t kFree = PacedConsumer::kStock;
  // A share is meaningful where its 95 % interval is no wider than this.
  static constexpr double kWidestInterval = 0.2;

  // The target rate; 0: no target.
  explicit TargetShare(double images_per_s) : images_per_s_(images_per_s) {}

  double images_per_s() const { return images_per_s_; }
  // REQUIRES instants that never decrease.
  void arrive(Time at, std::uint32_t images) {
    if (images_per_s_ <= 0) return;
    const Duration late = consumer_.arrive(at, PacedConsumer::period(images, images_per_s_));
    const double period_s = images / images_per_s_;
    end_ = std::max(end_, at);
    if (arrived_++ < kFree) {
      free_s_ += period_s;
      return;
    }
    judged_s_ += period_s;
    waited_s_ += late.seconds();
    if (late == Duration{}) in_time_s_ += period_s;
  }
  // The consumer asks until the run's end, which in a failed run is later than the last arrival.
  void close(Time end) { end_ = std::max(end_, end); }

  // How many microbatches the share is about.
  std::uint64_t judged() const { return arrived_ > kFree ? arrived_ - kFree : 0; }
  // Nothing without a target, or where no microbatch is judged.
  std::optional<double> share() const {
    if (judged() == 0) return std::nullopt;
    const double still_s = std::max(Duration{}, end_ - *consumer_.empty_at()).seconds();
    const double asked_s =
        std::max(judged_s_ + waited_s_ + still_s, end_.since_start().seconds() - 2 * free_s_);
    return in_time_s_ / asked_s;
  }
  // The uncertainty of so few microbatches, as if they were independent. The real uncertainty is larger,
  // since late microbatches come in runs. REQUIRES share().
  Interval interval_95() const {
    const auto hits = static_cast<std::uint64_t>(std::llround(*share() * static_cast<double>(judged())));
    return Proportion{hits, judged()}.interval_95();
  }
  // Whether the share is meaningful. REQUIRES share().
  bool tells() const {
    const auto [low, high] = interval_95();
    return high - low <= kWidestInterval;
  }
  // The fewest microbatches with which tells() can hold: 16 judged, all in time, and the kFree first ones.
  static std::uint64_t least_microbatches() {
    std::uint64_t n = 1;
    for (; 1 - Proportion{n, n}.interval_95().low > kWidestInterval; ++n) {
    }
    return n + kFree;
  }

 private:
  double images_per_s_ = 0;
  PacedConsumer consumer_;
  std::uint64_t arrived_ = 0;
  double free_s_ = 0, judged_s_ = 0, waited_s_ = 0, in_time_s_ = 0;
  Time end_;
};

}  // namespace millrace
