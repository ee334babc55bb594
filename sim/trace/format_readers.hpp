// One function per trace format; private to this folder. All take the whole text and the name for errors, and
// a TraceLint to note faults in, or null to refuse the first one.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/trace/row_collector.hpp"
#include "sim/trace/trace_reading.hpp"

namespace millrace {

struct TraceSource {
  std::string_view text;
  const std::string& name;
  const TraceReading& reading;
  TraceLint* lint = nullptr;

  Error error(std::string_view message) const;  // "name: message"
};

Result<LinkRate> parse_csv(const TraceSource& source);
Result<LinkRate> parse_mahimahi(const TraceSource& source);
Result<LinkRate> parse_two_column(const TraceSource& source);
Result<LinkRate> parse_table(const TraceSource& source);  // `table` and `gnettrack`
Result<LinkRate> parse_sabre(const TraceSource& source);
Result<LinkRate> parse_iperf3(const TraceSource& source);

// A finished RateTrace as a LinkRate, its error with the file's name.
Result<LinkRate> as_link_rate(const TraceSource& source, Result<RateTrace> trace);

}  // namespace millrace
