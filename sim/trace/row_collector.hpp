// The rows of a rate trace as a reader finds them, one by one. Strict reading fails at the first fault;
// linting records every fault as a finding, repairs the row as the finding says, and goes on. So `lint` lists
// what reading refuses, and absurd rates and gaps besides.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "sim/net/rate_trace.hpp"
#include "sim/trace/trace_reading.hpp"

namespace millrace {

// What linting looks for, and its findings.
struct TraceLint {
  TraceLimits limits;
  std::vector<TraceFinding> findings;
};

class RowCollector {
 public:
  // `where` returns the place of the row being read. `lint` null: strict; else it outlives this.
  RowCollector(std::function<std::string()> where, TraceRows interval, TraceLint* lint)
      : where_(std::move(where)), interval_(interval), lint_(lint) {}

  // Strict: returns the fault as an error. Linting: records it; the caller then does what `repair` says.
  Result<void> fault(std::string fault, std::string repair) const;

  // One row as written: time in ns at any origin, rate in bit/s. Times that do not increase, rates that are
  // negative or above RateTrace::kMaxBitPerS are faults.
  Result<void> add(double at_ns, double bit_per_s, std::string_view rate_as_written);
  // A row whose time or rate cannot be read.
  Result<void> unreadable(std::string fault) { return this->fault(std::move(fault), "the row is dropped"); }
  std::size_t size() const { return rows_.size(); }

  // The trace of all rows. `end_ns`: where the last row's interval ends (starting only); if absent, the last
  // interval is as long as the one before it. When linting, a long interval is a gap if rows are samples
  // (sampled), but not if rows state how long they hold (held).
  enum class Rows : std::uint8_t { sampled, held };
  Result<RateTrace> finish(std::optional<double> end_ns, TraceEnd at_end, Rows kind);

 private:
  struct Row {
    double at_ns;
    double bit_per_s;
    std::string where;  // kept when linting only
  };
  void cut_gaps(std::optional<double>& end_ns);
  void doubt_unit();

  std::function<std::string()> where_;
  TraceRows interval_;
  TraceLint* lint_;
  std::vector<Row> rows_;
  std::vector<std::size_t> absurd_;  // indices of findings about absurd rates
};

}  // namespace millrace
