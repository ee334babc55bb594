// Reads delay or loss over time, beside a rate: a CSV whose header names the unit, or, for delays,
// LeoReplayer's format of one whole number of ms per line, 10 ms each. The formats are in traces/README.md;
// input is untrusted as in trace_reader.hpp, with the same limits.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

struct SeriesReading {
  TraceEnd at_end = TraceEnd::loop;  // hold and once: the last value stays
  Duration offset{};                 // where in the series the run begins
};

// Delays are from 0 to kMaxDelay, losses from 0 to below 1. Errors say `path:line: what` and have
// ExitCode::invalid_input.
Result<Scheduled<Duration>> read_delay_series(const std::string& path, const SeriesReading& reading);
Result<Scheduled<double>> read_loss_series(const std::string& path, const SeriesReading& reading);
// The same for text in memory; `name` stands for the path in errors.
Result<Scheduled<Duration>> parse_delay_series(std::string_view text, const std::string& name,
                                               const SeriesReading& reading);
Result<Scheduled<double>> parse_loss_series(std::string_view text, const std::string& name,
                                            const SeriesReading& reading);

}  // namespace millrace
