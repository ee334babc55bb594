#include "sim/links/trace_schedule.hpp"

#include <algorithm>

namespace millrace {

Time TraceSchedule::next_change(Time t) const {
  const bool loops = trace_->at_end() == TraceEnd::loop;
  if (!loops && t.since_start() >= trace_->duration()) return Time::never();
  if (loops && trace_->size() == 1) return Time::never();
  const auto within = trace_->phase(t);
  const auto next = t + (trace_->next_step(within) - within);
  return next > RateTrace::kHorizon ? Time::never() : next;
}

BitRate peak_rate(const RateTrace& trace) {
  BitRate peak;
  for (std::size_t i = 0; i < trace.size(); ++i) peak = std::max(peak, trace.step(i).rate);
  return peak;
}

}  // namespace millrace
