// What `millrace trace info` prints about a file.
#pragma once

#include <string>

#include "runtime/base/result.hpp"
#include "sim/trace/trace_reading.hpp"
#include "sim/trace/trace_statistics.hpp"

namespace millrace {

struct TraceInfo {
  std::string path, format, sha256, end_rule;
  std::size_t steps = 0;   // changes of rate, or delivery opportunities
  Duration smallest_step;  // between two of them; 1 ms for schedules
  TraceStatistics statistics;
};

Result<TraceInfo> trace_info(const std::string& path, const TraceReading& reading);
std::string to_table(const TraceInfo& info);
// One object: duration_s, mean_mbps, min_mbps_1s, max_mbps_1s, p5_mbps_1s, p50…, outage_share_1s, format,
// sha256, and the other fields of TraceInfo.
std::string to_json(const TraceInfo& info);

}  // namespace millrace
