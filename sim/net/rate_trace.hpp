// A bit rate over time, piecewise constant, with exact arithmetic: capacity is counted in whole nanobits
// (bit/s times ns), so a link that remembers its position on the cumulative axis never drifts. Surprising
// fact: rate 0 is an ordinary rate; across an outage, when() returns a later instant, or nothing.
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <vector>

#include "runtime/base/limits.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

// An amount of link capacity in nanobits, 1e-9 bit: what 1 bit/s carries in 1 ns. 128 bits wide: 1000 Tbit/s
// for 292 years is 9.3e33, the type holds 1.7e38.
__extension__ typedef __int128 Nanobits;

constexpr Nanobits nanobits(Bytes size) { return Nanobits{size.bits()} * 1'000'000'000; }

// From `from` on the rate is `rate`, until the next step.
struct RateStep {
  Duration from;
  BitRate rate;
};

class RateTrace {
 public:
  static constexpr std::int64_t kMaxBitPerS = millrace::kMaxBitPerS;  // 1000 Tbit/s
  static constexpr Duration kMaxDuration = Duration::s(1'000'000'000);
  // Times after this (146 years) are not defined: this leaves room to add delays without overflow.
  static constexpr Time kHorizon = Time::zero() + Duration::ns(std::int64_t{1} << 62);
  static constexpr std::size_t kMaxSteps = 20'000'000;

  // The steps hold over [0, end); after that the trace starts again (loop), keeps its last rate (hold)
  // or carries nothing any more (once).
  // With `loop_from` a loop goes back to that instant and not to its start: the part before plays once.
  // Errors: no steps, first step not at 0, times not increasing, end not after the last step, a rate outside
  // [0, kMaxBitPerS], too long or too many, loop_from not before the end.
  static Result<RateTrace> make(std::vector<RateStep> steps, Duration end, TraceEnd at_end,
                                Duration loop_from = {});
  // The same rate forever. REQUIRES 0 <= rate <= kMaxBitPerS.
  static RateTrace constant(BitRate rate);

  // Capacity offered in [0, t). O(log steps), however far t is. REQUIRES t >= 0.
  Nanobits cumulative(Time t) const;
  // The first ns at which cumulative() reaches `target`; nothing if it never does (an outage without end, or
  // beyond kHorizon). when(cumulative(t)) <= t.
  std::optional<Time> when(Nanobits target) const;
  // The last ns at which cumulative() is still <= `position`: when the bit after that position begins to
  // leave. If an outage follows, that is the outage's end. REQUIRES position >= 0.
  std::optional<Time> departure(Nanobits position) const;
  BitRate rate_at(Time t) const;

  // The steps given to make(), with equal neighbouring rates merged.
  std::size_t size() const { return rates_.size(); }
  RateStep step(std::size_t i) const { return {starts_[i], rates_[i]}; }
  Duration duration() const { return end_; }
  Nanobits total() const { return before_.back(); }  // capacity of [0, duration())
  TraceEnd at_end() const { return at_end_; }
  Duration loop_from() const { return loop_from_; }  // 0 unless a loop plays something once before
  // Where in [0, duration()) the trace is at `t` (beyond it, for traces that do not loop).
  Duration phase(Time t) const;
  // Where the step after the one at `within` begins; duration() after the last. REQUIRES 0 <= within.
  Duration next_step(Duration within) const;

 private:
  RateTrace() = default;
  std::size_t step_at(Duration within) const;
  std::optional<Duration> when_within(Nanobits target) const;

  std::vector<Duration> starts_;
  std::vector<BitRate> rates_;
  std::vector<Nanobits> before_;  // capacity before step i; one more entry: the whole trace
  Duration end_, loop_from_;
  Nanobits before_loop_ = 0;
  TraceEnd at_end_ = TraceEnd::hold;
};

}  // namespace millrace
