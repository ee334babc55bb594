// Loss as its expectation, for networks without packets: of what a link carries at t, the share 1 - loss(t)
// gets through, so the instant of arrival follows from the integral of rate(t) (1 - loss(t)). Surprising
// fact: positions stay on the axis of the link's whole capacity; on a stretch of loss 1 the position advances
// but nothing arrives.
#pragma once

#include <memory>
#include <optional>

#include "sim/net/network_spec.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

// The loss at `t`. A loss model applies until the schedule first changes, with the mean of its two states.
double loss_at(const Scheduled<double>& loss, const std::optional<GilbertElliott>& model, Time t);
// Whether the link ever loses packets.
bool loses(const LinkSpec& link);
// Packets lost at `t` per loss that a sender sees as one: 1 where losses are independent, and with a loss
// model its mean over bad periods, each of which counts once, and over losses of the good state.
double loss_burst_at(const Scheduled<double>& loss, const std::optional<GilbertElliott>& model, Time t);
// When loss_at() may next differ from its value at `t`; never() if it stays.
Time loss_changes_after(const Scheduled<double>& loss, const std::optional<GilbertElliott>& model, Time t);

// A link's capacity, and the part of it that arrives.
class LossyCapacity {
 public:
  // A position that no link reaches: the end of a message that never gets through.
  static constexpr Nanobits kNever = Nanobits{1} << 120;
  // Of a loss that loops, this many changes are followed within one message; the rest takes the mean.
  static constexpr int kMostChanges = 1'000'000;

  LossyCapacity(std::shared_ptr<const RateTrace> trace, const LinkSpec& link);

  const RateTrace& trace() const { return *trace_; }
  // The position at which `useful` nanobits have got through since `start`. Exact, in whole nanobits; where
  // the loss is constant, start + useful / (1 - loss).
  Nanobits end(Nanobits start, Nanobits useful) const;
  // How much of [from, to) gets through. REQUIRES from <= to.
  Nanobits useful(Nanobits from, Nanobits to) const;
  // Calls `take(begin, end, useful)` for the stretches of constant loss in [from, to), in order.
  template <class Take>
  void stretches(Nanobits from, Nanobits to, Take&& take) const {
    for (int changes = 0; from < to; ++changes) {
      const Stretch here = changes < kMostChanges ? stretch_at(from) : Stretch{kNever, mean_};
      const Nanobits until = std::min(to, here.until);
      take(from, until, passed(until - from, here.per_bit));
      from = until;
    }
  }

 private:
  // Up to position `until`, one bit that arrives takes `per_bit` nanobits; 0: none gets through.
  struct Stretch {
    Nanobits until, per_bit;
  };
  Stretch stretch_at(Nanobits position) const;
  static Nanobits passed(Nanobits capacity, Nanobits per_bit);

  std::shared_ptr<const RateTrace> trace_;
  Scheduled<double> loss_;
  std::optional<GilbertElliott> model_;
  std::optional<Nanobits> constant_{};  // per bit
  Nanobits mean_ = 0;                   // per bit, of a series
};

}  // namespace millrace
