// Which columns of a CSV with a header hold what: as the user states, or by known names. Surprising fact: a
// column that looks like a time is never ignored silently. In a known layout, such a column whose name has a
// unit (time_s, elapsed_ms) is the clock; otherwise the user must say whether it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "sim/trace/trace_reading.hpp"

namespace millrace {

struct TableLayout {
  TableColumns columns;
  bool clock = false;  // G-NetTrack: time is a date, rows of one second are one, "-" is missing
};

// The columns to read. `header`: the column names; for a file without a header, its first row, and then all
// columns are given by number.
Result<TableLayout> table_layout(const std::vector<std::string>& header, const TraceReading& reading);

// The number of a column that is given by number ("2"), else nothing. The first column is 1.
std::optional<std::size_t> column_number(std::string_view name);
std::optional<std::size_t> column_index(const std::vector<std::string>& header, std::string_view name);

// Nanoseconds per unit of time; bit/s per unit of rate.
Result<double> time_factor(std::string_view unit);
Result<double> rate_factor(std::string_view unit);

// The unit that a column's name ends with: time_ms, "elapsed [s]"; rate_kbps, throughput (Mbit/s). Empty if
// the name ends with no known unit.
std::string time_unit_in(std::string_view column);
std::string rate_unit_in(std::string_view column);
// Whether the name is a usual one for a clock: time, timestamp, elapsed_s, t_ms, epoch.
bool tells_time(std::string_view column);

}  // namespace millrace
