// A link's rate, with traces and events, as the schedule of a real interface.
#pragma once

#include <memory>

#include "runtime/shaping/rate_schedule.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

class TraceSchedule final : public RateSchedule {
 public:
  explicit TraceSchedule(std::shared_ptr<const RateTrace> trace) : trace_(std::move(trace)) {}
  BitRate rate_at(Time t) const override { return trace_->rate_at(t); }
  Time next_change(Time t) const override;

 private:
  std::shared_ptr<const RateTrace> trace_;
};

// The highest rate that the link ever has.
BitRate peak_rate(const RateTrace& trace);

}  // namespace millrace
