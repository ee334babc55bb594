// How a trace file is to be read, and the faults found in it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/scenario/scenario.hpp"

namespace millrace {

// The columns of a CSV (format `table`), by their names in its header or by their numbers from 1; where all
// are given by number, a first line with a rate is a row. Every row holds from its time to the next row's;
// without a time column every row holds for `step`.
struct TableColumns {
  std::string time{}, rate{};  // time may be empty
  std::string time_unit{};     // s, ms, us, ns; empty: what the column's name ends with, or s
  std::string rate_unit{};     // as rate_factor() knows them; empty: what the column's name says, or Mbit/s
  std::string unit_column{};   // a column with each row's own rate unit; empty: rate_unit
  std::optional<Duration> step{};              // absent: 1 s, and a table with a clock column is refused
  std::map<std::string, std::string> where{};  // only rows whose column has this value
};

struct TraceReading {
  TraceFormat format = TraceFormat::automatic;
  TraceEnd at_end = TraceEnd::loop;
  // Two-column files only. ending: row i holds over (t[i-1], t[i]], row 0 only sets the start (Pensieve).
  // starting: row i holds over [t[i], t[i+1]), the last one as long as the one before it (Solis Wi-Fi).
  TraceRows row_interval = TraceRows::ending;
  // For files with several series: a column (DL_bitrate), or the values of a known layout
  // (SPRINT/TCPx1/US-East).
  std::string series{};
  Duration offset{};       // see transformed()
  double scale = 1;        // of every rate
  TableColumns columns{};  // format table; where `rate` is empty the header must be of a known layout
};

// One fault, and how linting repairs it.
struct TraceFinding {
  std::string where;   // path:line, or path: entry N
  std::string fault;   // "rate must be >= 0, got "-3""
  std::string repair;  // "the rate before is held"; empty: cannot be repaired
};

// What linting looks for beyond what every reader refuses.
struct TraceLimits {
  double max_mbit_per_s = 20'000;  // a higher rate is absurd
  double gap_steps = 5;            // an interval of more than this many median intervals is a gap
};

}  // namespace millrace
