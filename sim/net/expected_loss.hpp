// Loss as its expectation, for networks without packets: of what a link carries at t, the share 1 - loss(t)
// gets through, so what is to arrive takes its time from the integral of rate(t) (1 - loss(t)). Surprising
// fact: positions stay on the axis of the link's whole capacity; a stretch of loss 1 is passed without
// anything arriving.
#pragma once

#include <memory>
#include <optional>

#include "sim/net/network_spec.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

// A loss model counts until the schedule first changes; its two states are their mean here.
double loss_at(const Scheduled<double>& loss, const std::optional<GilbertElliott>& model, Time t);
// When loss_at() may next be another one than at `t`; never: it stays.
Time loss_changes_after(const Scheduled<double>& loss, const std::optional<GilbertElliott>& model, Time t);

// What a link carries, and what of it arrives.
class LossyCapacity {
 public:
  // Reached by nothing: the end of what never gets through.
  static constexpr Nanobits kNever = Nanobits{1} << 120;
  // Of a loss that loops, so many changes are followed within one message; the rest takes the mean.
  static constexpr int kMostChanges = 1'000'000;

  LossyCapacity(std::shared_ptr<const RateTrace> trace, const LinkSpec& link);

  const RateTrace& trace() const { return *trace_; }
  // The position at which so much of what begins at `start` has got through, `useful` in nanobits. Exact, in
  // whole nanobits, and start + useful / (1 - loss) where the loss is constant.
  Nanobits end(Nanobits start, Nanobits useful) const;
  // What of [from, to) gets through. REQUIRES from <= to.
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
  // Until there a bit takes so many nanobits; 0: none gets through.
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
