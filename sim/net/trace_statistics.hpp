// A trace in a few numbers, to compare with what its collection publishes.
#pragma once

#include "runtime/base/time.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// Over one round of the trace. Bins are the whole seconds [k, k+1); a last, partial second is left out of
// them unless it is all there is. An opportunity of a delivery schedule counts 12,000 bit in the bin of its
// millisecond. The percentile interpolates linearly between the two bins next to it.
struct TraceStatistics {
  Duration duration;  // a constant rate counts as 1 s of itself
  double mean_mbit_per_s = 0;
  double min_mbit_per_s = 0, max_mbit_per_s = 0, p5_mbit_per_s = 0;  // of 1 s bins
  double idle_share = 0;                                             // bins in which nothing passes
};

TraceStatistics trace_statistics(const LinkRate& rate);

}  // namespace millrace
