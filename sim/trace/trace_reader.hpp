// Reads a bandwidth trace into a LinkRate. Input is untrusted: every limit is named below, every error says
// `path:line: what`. Surprising fact: a row of a two-column file usually holds over the interval that *ends*
// at its time. The formats are in traces/README.md; CRLF line ends and a missing last line end are accepted.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/trace/row_collector.hpp"
#include "sim/trace/trace_reading.hpp"

namespace millrace {

inline constexpr std::size_t kMaxTraceFileBytes = 256U << 20U;

// Mahimahi files become a DeliverySchedule, all others a RateTrace. Errors have ExitCode::invalid_input.
Result<LinkRate> read_trace(const std::string& path, const TraceReading& reading);
// The same for text in memory; `name` stands for the path in errors.
Result<LinkRate> parse_trace(std::string_view text, const std::string& name, const TraceReading& reading);

// Records every fault in `lint` and returns the repaired trace; an error if it is beyond repair.
Result<LinkRate> lint_trace(std::string_view text, const std::string& name, const TraceReading& reading,
                            TraceLint& lint);

// A file's bytes, gunzipped where it begins with gzip's magic number; both lengths are bounded.
Result<std::string> read_trace_file(const std::string& path);

// By the first line that is not a `#` comment. Whole number only: mahimahi; two numbers with white space
// between them: two_column; `[`: sabre; `{`: iperf3; a letter first and a comma: gnettrack or a table where
// the header is of a known layout, else csv. Anything else is an error that lists the formats.
Result<TraceFormat> detect_trace_format(std::string_view text, const std::string& name);

}  // namespace millrace
