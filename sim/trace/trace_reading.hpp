// How a trace file is to be read, and what was found wrong with it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "runtime/scenario/scenario.hpp"

namespace millrace {

// A CSV with a header line, told its columns (format `table`). Every row holds from its time to the next
// row's; without a time column every row holds for `step`.
struct TableColumns {
  std::string time, rate;            // names in the header; time may be empty
  std::string time_unit = "s";       // s, ms, us, ns
  std::string rate_unit = "Mbit/s";  // bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, KiB/s, MiB/s
  std::string unit_column;           // names a column with each row's own rate unit; empty: rate_unit
  Duration step = Duration::s(1);
  std::map<std::string, std::string> where;  // only rows whose column has this value
};

struct TraceReading {
  TraceFormat format = TraceFormat::automatic;
  TraceEnd at_end = TraceEnd::loop;
  // Two-column files only. ending: row i holds over (t[i-1], t[i]], row 0 only sets the start (Pensieve).
  // starting: row i holds over [t[i], t[i+1]), the last one as long as the one before it (Solis Wi-Fi).
  TraceRows row_interval = TraceRows::ending;
  // Of files with several: a column (DL_bitrate), or the values of a known layout (SPRINT/TCPx1/US-East).
  std::string series{};
  Duration offset{};       // see transformed()
  double scale = 1;        // of every rate
  TableColumns columns{};  // format table; where `rate` is empty the header must be of a layout known here
};

// One fault, and what repairing it means.
struct TraceFinding {
  std::string where;   // path:line, or path: entry N
  std::string fault;   // "rate must be >= 0, got "-3""
  std::string repair;  // "the rate before is held"; empty: cannot be repaired
};

// What linting looks for beyond what every reader refuses.
struct TraceLimits {
  double max_mbit_per_s = 20'000;  // above: absurd
  double gap_steps = 5;            // an interval of more than so many median intervals is a gap
};

}  // namespace millrace
