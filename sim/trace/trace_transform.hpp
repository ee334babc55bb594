// Transforms a trace: begins it later, scales it, or turns it into delivery opportunities.
#pragma once

#include "runtime/base/result.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

struct TraceShift {
  Duration offset;  // where in the trace time 0 is: a loop wraps around, others lose the part before it
  double scale = 1;
};

// Mahimahi's schedules stay schedules: the offset is rounded to whole milliseconds; with a scale other than
// 1, opportunities_of() computes the opportunities. Errors: an offset at or beyond the end, a rate that
// becomes too high, a schedule left without opportunities. REQUIRES offset >= 0, scale > 0.
Result<LinkRate> transformed(const LinkRate& rate, const TraceShift& shift);

// The schedule that has delivered floor(capacity / 12,000 bit) packets at the end of every millisecond, so it
// is never ahead of the trace, and always less than one packet behind it. From a schedule's own rate it
// returns that schedule (except that opportunities at ms 0 move to the period's last millisecond). The last
// millisecond gets an opportunity in any case: the period is the last value. An error where not one packet
// fits.
Result<DeliverySchedule> opportunities_of(const RateTrace& trace);

}  // namespace millrace
