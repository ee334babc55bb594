// Bandwidth traces that resemble recordings: their mean, quantiles (so also their share of outages) and
// autocorrelation over seconds are those of a recording of the same technology. A hidden Gauss-Markov process
// z (a sum of a white and two AR(1) parts, all seeded) is mapped to a rate by the recording's quantile
// function: rate = Q(Φ(z)), one rate per second. Surprising fact: nothing else of a recording is imitated, in
// particular not its changes within a second.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

// The share of seconds below each quantile.
inline constexpr std::array<double, 15> kSynthShares{0,   0.01, 0.02, 0.05, 0.1, 0.2,  0.3, 0.4,
                                                     0.5, 0.6,  0.7,  0.8,  0.9, 0.97, 1};

struct SynthKind {
  std::string_view name, fitted_to;
  std::array<double, kSynthShares.size()> mbit_per_s;  // quantiles over 1 s at kSynthShares
  double outage_share;                                 // of seconds with nothing: rate 0 below this share
  // Of z: variances (white + fast + slow = 1) and time constants of the two AR(1) parts in seconds.
  double white, fast, fast_s, slow, slow_s;
  // The recording's statistics to which this was fitted, for the table and the test.
  double mean_mbit_per_s, p5_mbit_per_s;
  std::array<double, 3> autocorrelation;  // at 1, 5, 20 s
};

std::span<const SynthKind> synth_kinds();
std::vector<std::string> synth_names();

struct SynthRequest {
  std::string kind;
  std::uint64_t seed = 1;
  double duration_s = 300;  // rounded up to whole seconds
};

// An unknown kind, or a duration outside [1 s, 1e6 s], is an error. Rates are whole kbit/s; the trace loops.
Result<RateTrace> synthesize(const SynthRequest& request);

}  // namespace millrace
