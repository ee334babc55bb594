#include "sim/net/rate_trace.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace millrace {
namespace {

Nanobits capacity(BitRate rate, Duration span) {
  return Nanobits{rate.bit_per_s()} * Nanobits{span.count_ns()};
}

Error invalid(std::string message) { return {"a rate trace " + std::move(message), ExitCode::invalid_input}; }

Result<void> check_steps(const std::vector<RateStep>& steps, Duration end) {
  if (steps.empty()) return invalid("needs at least one step");
  if (steps.size() > RateTrace::kMaxSteps)
    return invalid(fmt::format("may have {} steps, got {}", RateTrace::kMaxSteps, steps.size()));
  if (steps.front().from != Duration{})
    return invalid(fmt::format("must start at 0 s, got {:g} s", steps.front().from.seconds()));
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto rate = steps[i].rate.bit_per_s();
    if (rate < 0 || rate > RateTrace::kMaxBitPerS)
      return invalid(fmt::format("has rates from 0 to {}, got {} bit/s", kMaxRateText, rate));
    if (i > 0 && steps[i].from <= steps[i - 1].from)
      return invalid(fmt::format("must go forward in time, got {:g} s after {:g} s", steps[i].from.seconds(),
                                 steps[i - 1].from.seconds()));
  }
  if (end <= steps.back().from)
    return invalid(fmt::format("must end after its last step at {:g} s, got {:g} s",
                               steps.back().from.seconds(), end.seconds()));
  if (end > RateTrace::kMaxDuration)
    return invalid(
        fmt::format("may last {:g} s, got {:g} s", RateTrace::kMaxDuration.seconds(), end.seconds()));
  return {};
}

}  // namespace

Result<RateTrace> RateTrace::make(std::vector<RateStep> steps, Duration end, TraceEnd at_end,
                                  Duration loop_from) {
  if (auto checked = check_steps(steps, end); !checked) return checked.error();
  if (loop_from < Duration{} || loop_from >= end || (at_end != TraceEnd::loop && loop_from != Duration{}))
    return invalid("loops from a time before its end");
  RateTrace trace;
  trace.end_ = end;
  trace.at_end_ = at_end;
  Nanobits sum = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (trace.rates_.empty() || trace.rates_.back() != steps[i].rate) {
      trace.starts_.push_back(steps[i].from);
      trace.rates_.push_back(steps[i].rate);
      trace.before_.push_back(sum);
    }
    const Duration until = i + 1 < steps.size() ? steps[i + 1].from : end;
    sum += capacity(steps[i].rate, until - steps[i].from);
  }
  trace.before_.push_back(sum);
  trace.loop_from_ = loop_from;
  trace.before_loop_ = trace.cumulative(Time::zero() + loop_from);
  return trace;
}

RateTrace RateTrace::constant(BitRate rate) {
  return make({{Duration{}, rate}}, Duration::s(1), TraceEnd::hold).value();
}

std::size_t RateTrace::step_at(Duration within) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), within);
  return static_cast<std::size_t>(after - starts_.begin()) - 1;
}

Duration RateTrace::phase(Time t) const {
  MR_CHECK(t >= Time::zero());
  const Duration since = t.since_start();
  if (at_end_ != TraceEnd::loop || since < end_) return since;
  return loop_from_ + Duration::ns((since - loop_from_).count_ns() % (end_ - loop_from_).count_ns());
}

Duration RateTrace::next_step(Duration within) const {
  const auto i = step_at(within) + 1;
  return i < starts_.size() ? starts_[i] : end_;
}

Nanobits RateTrace::cumulative(Time t) const {
  const Duration within = phase(t);
  const Nanobits rounds =
      at_end_ == TraceEnd::loop
          ? Nanobits{(t.since_start() - within).count_ns() / (end_ - loop_from_).count_ns()}
          : 0;
  if (at_end_ == TraceEnd::once && within >= end_) return total();
  const std::size_t i = step_at(within);  // hold: the last step goes on beyond the end
  return rounds * (total() - before_loop_) + before_[i] + capacity(rates_[i], within - starts_[i]);
}

BitRate RateTrace::rate_at(Time t) const {
  const Duration within = phase(t);
  if (at_end_ == TraceEnd::once && within >= end_) return BitRate(0);
  return rates_[step_at(within)];
}

// REQUIRES 0 < target. Within one round, the last step unbounded.
std::optional<Duration> RateTrace::when_within(Nanobits target) const {
  // The first step that ends with enough; its rate is not 0 because it began with too little.
  const auto ends = before_.begin() + 1;
  const auto reached = std::lower_bound(ends, before_.end(), target);
  const auto i = std::min(static_cast<std::size_t>(reached - ends), rates_.size() - 1);
  const Nanobits rate = rates_[i].bit_per_s();
  if (rate == 0) return std::nullopt;
  const Nanobits wait = (target - before_[i] + rate - 1) / rate;
  if (wait > Nanobits{Duration::max().count_ns() - starts_[i].count_ns()}) return std::nullopt;
  return starts_[i] + Duration::ns(static_cast<std::int64_t>(wait));
}

std::optional<Time> RateTrace::when(Nanobits target) const {
  if (target <= 0) return Time::zero();
  if (at_end_ == TraceEnd::once && target > total()) return std::nullopt;
  Nanobits round_start = 0;
  if (at_end_ == TraceEnd::loop && target > total()) {
    const Nanobits per_round = total() - before_loop_;
    if (per_round == 0) return std::nullopt;
    const Nanobits rounds = (target - before_loop_ - 1) / per_round;
    target -= rounds * per_round;
    // A target beyond the clock's range must not overflow the product below.
    const auto period_ns = (end_ - loop_from_).count_ns();
    if (rounds > Nanobits{Duration::max().count_ns() / period_ns}) return std::nullopt;
    round_start = rounds * Nanobits{period_ns};
  }
  const auto within = when_within(target);
  if (!within) return std::nullopt;
  const Nanobits at = round_start + Nanobits{within->count_ns()};
  if (at > Nanobits{kHorizon.count_ns()}) return std::nullopt;
  return Time::zero() + Duration::ns(static_cast<std::int64_t>(at));
}

std::optional<Time> RateTrace::departure(Nanobits position) const {
  MR_CHECK(position >= 0);
  const auto next_bit = when(position + 1);
  if (!next_bit) return std::nullopt;
  return *next_bit - Duration::ns(1);
}

}  // namespace millrace
