// A trace in a few numbers, to compare with the statistics its authors publish.
#pragma once

#include "runtime/base/time.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// Statistics over one round of the trace. Bins are the whole seconds [k, k+1); a last, partial second is left
// out unless the trace is shorter than a second. An opportunity of a delivery schedule counts 12,000 bit in
// the bin of its millisecond. Percentiles interpolate linearly between the two neighbouring bins.
struct TraceStatistics {
  Duration duration;  // a constant rate counts as 1 s of itself
  double mean_mbit_per_s = 0;
  double min_mbit_per_s = 0, max_mbit_per_s = 0;  // of 1 s bins, like the percentiles
  double p5_mbit_per_s = 0, p50_mbit_per_s = 0, p95_mbit_per_s = 0;
  double idle_share = 0;    // bins in which less than one packet of 1500 bytes passes
  Duration longest_outage;  // exact, not of bins; an outage across the loop's seam counts as two
  // Of the bins, at lags of 1, 5 and 20 s; 0 where the trace is too short (less than twice the lag) or
  // constant.
  double autocorrelation_1s = 0, autocorrelation_5s = 0, autocorrelation_20s = 0;
};

TraceStatistics trace_statistics(const LinkRate& rate);

}  // namespace millrace
