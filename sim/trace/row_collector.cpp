#include "sim/trace/row_collector.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "sim/trace/trace_text.hpp"

namespace millrace {

namespace {
constexpr const char* kHeld = "the rate before is held";
constexpr double kWhisperBitPerS = 1000;
}  // namespace

Result<void> RowCollector::fault(std::string fault, std::string repair) const {
  if (!lint_) return Error{fmt::format("{}: {}", where_(), fault), ExitCode::invalid_input};
  lint_->findings.push_back({where_(), std::move(fault), std::move(repair)});
  return {};
}

Result<void> RowCollector::add(double at_ns, double bit_per_s, std::string_view rate_as_written) {
  // Generous enough for seconds since 1970.
  if (!(std::abs(at_ns) <= 9e18)) return unreadable("time is too late");
  if (!rows_.empty() &&
      std::llround(at_ns - rows_.front().at_ns) <= std::llround(rows_.back().at_ns - rows_.front().at_ns))
    return fault("time must be later than in the row before", "the row is dropped");
  if (!rows_.empty() && at_ns - rows_.front().at_ns > static_cast<double>(RateTrace::kMaxDuration.count_ns()))
    return fault(fmt::format("a trace may last {:g} s", RateTrace::kMaxDuration.seconds()),
                 "the row is dropped");
  std::string wrong;
  if (bit_per_s < 0) wrong = "rate must be >= 0, got " + quoted_field(rate_as_written);
  if (bit_per_s > static_cast<double>(RateTrace::kMaxBitPerS))
    wrong = fmt::format("rate must be <= {}, got {}", kMaxRateText, quoted_field(rate_as_written));
  if (wrong.empty() && lint_ && bit_per_s > lint_->limits.max_mbit_per_s * 1e6) {
    absurd_.push_back(lint_->findings.size());
    wrong = fmt::format("a rate above {:g} Mbit/s is absurd, got {}", lint_->limits.max_mbit_per_s,
                        quoted_field(rate_as_written));
  }
  if (!wrong.empty()) {
    if (auto noted = fault(std::move(wrong), kHeld); !noted) return noted;
    bit_per_s = rows_.empty() ? 0 : rows_.back().bit_per_s;
  }
  rows_.push_back({at_ns, bit_per_s, lint_ ? where_() : std::string()});
  return {};
}

void RowCollector::cut_gaps(std::optional<double>& end_ns) {
  if (!lint_ || rows_.size() < 3) return;
  std::vector<double> intervals;
  for (std::size_t i = 1; i < rows_.size(); ++i) intervals.push_back(rows_[i].at_ns - rows_[i - 1].at_ns);
  const auto middle = intervals.begin() + static_cast<std::ptrdiff_t>(intervals.size() / 2);
  std::nth_element(intervals.begin(), middle, intervals.end());
  const double median = *middle;
  double cut = 0;
  double before = rows_.front().at_ns;
  for (std::size_t i = 1; i < rows_.size(); ++i) {
    const double interval = rows_[i].at_ns - before;
    before = rows_[i].at_ns;
    if (interval > lint_->limits.gap_steps * median) {
      lint_->findings.push_back({rows_[i].where,
                                 fmt::format("a gap: {:g} s since the row before, where {:g} s is usual",
                                             interval * 1e-9, median * 1e-9),
                                 fmt::format("cut to {:g} s; what follows moves earlier", median * 1e-9)});
      cut += interval - median;
    }
    rows_[i].at_ns -= cut;
  }
  if (end_ns) *end_ns -= cut;
}

// Where most rates are absurd, or all are below 1 kbit/s, the unit is wrong and not the rows.
void RowCollector::doubt_unit() {
  if (!lint_) return;
  const auto fastest = std::max_element(rows_.begin(), rows_.end(),
                                        [](const Row& a, const Row& b) { return a.bit_per_s < b.bit_per_s; });
  if (2 * absurd_.size() > rows_.size()) {
    const TraceFinding first = lint_->findings[absurd_.front()];
    for (auto one = absurd_.rbegin(); one != absurd_.rend(); ++one)
      lint_->findings.erase(lint_->findings.begin() + static_cast<std::ptrdiff_t>(*one));
    lint_->findings.push_back(
        {first.where,
         fmt::format("{} of {} rates are as absurd as this one ({}): the unit is probably "
                     "another, such as bit/s (--rate-column, --rate-unit)",
                     absurd_.size(), rows_.size(), first.fault),
         ""});
  } else if (fastest != rows_.end() && fastest->bit_per_s > 0 && fastest->bit_per_s < kWhisperBitPerS) {
    lint_->findings.push_back(
        {fastest->where,
         fmt::format("the highest rate is {:g} bit/s: the unit is probably another, such "
                     "as Mbit/s (--rate-column, --rate-unit)",
                     fastest->bit_per_s),
         ""});
  }
}

Result<RateTrace> RowCollector::finish(std::optional<double> end_ns, TraceEnd at_end, Rows kind) {
  MR_CHECK(rows_.size() >= (interval_ == TraceRows::ending || !end_ns ? 2U : 1U),
           "readers refuse traces that are too short to have an interval");
  doubt_unit();
  if (kind == Rows::sampled) cut_gaps(end_ns);
  const bool ending = interval_ == TraceRows::ending;
  const double origin = rows_.front().at_ns;
  const auto since = [&](double at_ns) { return Duration::ns(std::llround(at_ns - origin)); };
  std::vector<RateStep> steps;
  steps.reserve(rows_.size());
  for (std::size_t i = ending ? 1 : 0; i < rows_.size(); ++i)
    steps.push_back({since(rows_[ending ? i - 1 : i].at_ns), BitRate(std::llround(rows_[i].bit_per_s))});
  Duration end = since(rows_.back().at_ns);
  if (!ending) end = end_ns ? since(*end_ns) : end + (end - since(rows_[rows_.size() - 2].at_ns));
  return RateTrace::make(std::move(steps), end, at_end);
}

}  // namespace millrace
