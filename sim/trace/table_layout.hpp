// What the columns of a CSV with a header are: as they were told, or by names that are known here. Surprising
// fact: a column that tells the time is never passed over in silence. Where its name has a unit (time_s,
// elapsed_ms) it is the clock of a layout known here; anywhere else somebody has to say whether it is.
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

// The columns to read by. `header` are the names, or of a file without a header its first row: then all
// columns are told by their number.
Result<TableLayout> table_layout(const std::vector<std::string>& header, const TraceReading& reading);

// Whether a column is told by its number: "2". The first is 1.
std::optional<std::size_t> column_number(std::string_view name);
std::optional<std::size_t> column_index(const std::vector<std::string>& header, std::string_view name);

// Ns per one of the unit of times, bit/s per one of the unit of rates.
Result<double> time_factor(std::string_view unit);
Result<double> rate_factor(std::string_view unit);

// Units that the name of a column ends with: time_ms, "elapsed [s]"; rate_kbps, throughput (Mbit/s). Empty:
// none that is known.
std::string time_unit_in(std::string_view column);
std::string rate_unit_in(std::string_view column);
// A name that people give a clock: time, timestamp, elapsed_s, t_ms, epoch.
bool tells_time(std::string_view column);

}  // namespace millrace
