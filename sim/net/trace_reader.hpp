// Reads a bandwidth trace into a LinkRate. Input is hostile: every limit is named below, every error says
// `path:line: what`. Surprising fact: of two-column files a row usually holds over the interval that *ends*
// at its time. The formats are in traces/README.md; CRLF line ends and a missing last line end are accepted.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

inline constexpr std::size_t kMaxTraceFileBytes = 256U << 20U;
inline constexpr std::size_t kMaxTraceLines = 20'000'000;
inline constexpr std::size_t kMaxTraceLineBytes = 4096;

// Two-column files only. ending: row i holds over (t[i-1], t[i]], row 0 only sets the start (Pensieve).
// starting: row i holds over [t[i], t[i+1]), the last one as long as the one before it (Solis Wi-Fi).
enum class RowInterval : std::uint8_t { ending, starting };

struct TraceReading {
  TraceFormat format = TraceFormat::automatic;
  TraceEnd at_end = TraceEnd::loop;
  RowInterval row_interval = RowInterval::ending;
};

// Mahimahi files become a DeliverySchedule, all others a RateTrace. Errors have ExitCode::invalid_input.
Result<LinkRate> read_trace(const std::string& path, const TraceReading& reading);
Result<LinkRate> read_trace(const std::string& path, TraceFormat format, TraceEnd at_end);
// The same for text in memory; `name` stands for the path in errors.
Result<LinkRate> parse_trace(std::string_view text, const std::string& name, const TraceReading& reading);

// By the first line that is not a `#` comment: whole number only: mahimahi; a letter first and a comma: csv;
// two numbers with white space between them: two_column; else an error that lists the formats.
Result<TraceFormat> detect_trace_format(std::string_view text, const std::string& name);

}  // namespace millrace
