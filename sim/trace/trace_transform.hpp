// A trace made into another one: begun later, scaled, or turned into delivery opportunities.
#pragma once

#include "runtime/base/result.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

struct TraceShift {
  Duration offset;  // where in the trace time 0 is: a loop goes round, others lose what was before
  double scale = 1;
};

// Mahimahi's schedules stay schedules: the offset is rounded to whole milliseconds; scaled by other than 1,
// the opportunities are those of opportunities_of(). Errors: an offset at or beyond the end, a rate that
// becomes too high, opportunities that vanish altogether. REQUIRES offset >= 0, scale > 0.
Result<LinkRate> transformed(const LinkRate& rate, const TraceShift& shift);

// The schedule that has delivered floor(capacity / 12,000 bit) packets at the end of every millisecond, so it
// is never ahead of the trace, nor one packet behind it. Of a schedule's own rate it gives the schedule back
// (apart from opportunities at ms 0, which are those of the period's last). The last millisecond gets an
// opportunity in any case: the period is the last value. An error where not one packet fits.
Result<DeliverySchedule> opportunities_of(const RateTrace& trace);

}  // namespace millrace
