#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cmath>

#include "sim/net/delivery_schedule.hpp"
#include "sim/trace/format_readers.hpp"
#include "sim/trace/trace_text.hpp"

namespace millrace {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array kTimeUnits{Unit{"time_s", 1e9}, Unit{"time_ms", 1e6}, Unit{"time_us", 1e3},
                                Unit{"time_ns", 1}};
constexpr std::array kRateUnits{Unit{"rate_bit_per_s", 1}, Unit{"rate_kbit_per_s", 1e3},
                                Unit{"rate_mbit_per_s", 1e6}, Unit{"rate_gbit_per_s", 1e9}};

template <std::size_t n>
std::optional<double> factor_of(const std::array<Unit, n>& units, std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return unit.factor;
  return std::nullopt;
}

// Adds one row, whose fields must both be numbers; else a fault.
struct RowFactors {
  double time = 1e9, rate = 1e6;
};
Result<void> add_row(RowCollector& rows, std::string_view time_field, std::string_view rate_field,
                     RowFactors factors) {
  const auto time = decimal(time_field);
  if (!time) return rows.unreadable("time must be a number, got " + quoted_field(time_field));
  if (*time < 0) return rows.unreadable("time must be >= 0, got " + quoted_field(time_field));
  const auto rate = decimal(rate_field);
  if (!rate) return rows.unreadable("rate must be a number, got " + quoted_field(rate_field));
  return rows.add(*time * factors.time, *rate * factors.rate, rate_field);
}

// ---- csv: `time_<unit>,rate_<unit>`, rows from 0, last row `<time>,end`.

std::pair<std::string_view, std::string_view> two_fields(std::string_view line) {
  const std::size_t comma = line.find(',');
  if (comma == std::string_view::npos) return {trimmed(line), {}};
  return {trimmed(line.substr(0, comma)), trimmed(line.substr(comma + 1))};
}

Result<RowFactors> csv_units(const TraceText& text, std::string_view header) {
  const auto [time_name, rate_name] = two_fields(header);
  const auto time = factor_of(kTimeUnits, time_name);
  const auto rate = factor_of(kRateUnits, rate_name);
  if (!time || !rate)
    return text.error(
        "the header must be time_{s,ms,us,ns},rate_{bit,kbit,mbit,gbit}_per_s, "
        "such as time_s,rate_mbit_per_s; got " +
        quoted_field(header));
  return RowFactors{*time, *rate};
}

class CsvRows {
 public:
  explicit CsvRows(const TraceSource& source)
      : source_(source),
        text_(source.text, source.name),
        rows_([this] { return text_.place(); }, TraceRows::starting, source.lint) {}

  Result<RateTrace> read() {
    while (const auto line = text_.next()) {
      if (line->starts_with('#')) continue;
      if (!units_) {
        auto read = csv_units(text_, *line);
        if (!read) return read.error();
        units_ = *read;
      } else if (auto taken = row(*line); !taken) {
        return taken.error();
      }
    }
    if (text_.overflow()) return *text_.overflow();
    if (!units_) return source_.error("a CSV trace needs a header");
    if (!end_ns_ || rows_.size() == 0)
      return source_.error("a CSV trace needs rows and a last row `<time>,end` that says how long they hold");
    return rows_.finish(end_ns_, source_.reading.at_end, RowCollector::Rows::held);
  }

 private:
  Result<void> row(std::string_view line) {
    if (end_ns_) return rows_.unreadable("nothing may follow the row that says end");
    const auto [time_field, rate_field] = two_fields(line);
    const auto time = decimal(time_field);
    if (rate_field == "end" && time) {
      if (*time * units_->time <= last_ns_)
        return rows_.unreadable("time must be later than in the row before");
      if (*time * units_->time > static_cast<double>(RateTrace::kMaxDuration.count_ns()))
        return text_.error(fmt::format("a trace may last {:g} s", RateTrace::kMaxDuration.seconds()));
      end_ns_ = *time * units_->time;
      return {};
    }
    if (rows_.size() == 0 && time && *time > 0) {
      if (auto noted = rows_.fault("the first row must be at time 0", "the trace starts there"); !noted)
        return noted;
    }
    if (time) last_ns_ = std::max(last_ns_, *time * units_->time);
    return add_row(rows_, time_field, rate_field, *units_);
  }

  const TraceSource& source_;
  TraceText text_;
  RowCollector rows_;
  std::optional<RowFactors> units_;
  std::optional<double> end_ns_;
  double last_ns_ = -1;
};

}  // namespace

Error TraceSource::error(std::string_view message) const {
  return {fmt::format("{}: {}", name, message), ExitCode::invalid_input};
}

Result<LinkRate> as_link_rate(const TraceSource& source, Result<RateTrace> trace) {
  if (!trace) {
    auto error = trace.error();
    if (!error.message.starts_with(source.name)) error = source.error(error.message);
    return error;
  }
  return LinkRate(std::make_shared<const RateTrace>(std::move(*trace)));
}

Result<LinkRate> parse_csv(const TraceSource& source) { return as_link_rate(source, CsvRows(source).read()); }

// ---- mahimahi: one whole number of milliseconds per line.

Result<LinkRate> parse_mahimahi(const TraceSource& source) {
  if (source.reading.at_end != TraceEnd::loop)
    return source.error("a mahimahi trace always loops (its last value is its period); it has no other end");
  TraceText text(source.text, source.name);
  const RowCollector faults([&] { return text.place(); }, TraceRows::starting, source.lint);
  std::vector<std::uint64_t> milliseconds;
  while (const auto line = text.next()) {
    std::uint64_t ms = 0;
    const char* last = line->data() + line->size();
    const auto [stopped, problem] = std::from_chars(line->data(), last, ms);
    std::string wrong;
    if (line->empty())
      wrong = "a line must not be empty";
    else if (problem != std::errc{} || stopped != last || ms > DeliverySchedule::kMaxPeriodMs)
      wrong = fmt::format("a line must be a whole number of milliseconds up to {}, got {}",
                          DeliverySchedule::kMaxPeriodMs, quoted_field(*line));
    else if (!milliseconds.empty() && ms < milliseconds.back())
      wrong = fmt::format("milliseconds must not decrease, got {} after {}", ms, milliseconds.back());
    if (wrong.empty()) {
      milliseconds.push_back(ms);
    } else if (auto noted = faults.fault(std::move(wrong), "the line is dropped"); !noted) {
      return noted.error();
    }
  }
  if (text.overflow()) return *text.overflow();
  if (milliseconds.empty()) return source.error("a mahimahi trace must not be empty");
  if (milliseconds.back() == 0) return text.error("the last value is the period and must not be 0");
  auto schedule = DeliverySchedule::make(std::move(milliseconds));
  if (!schedule) return text.error(schedule.error().message);
  return LinkRate(std::make_shared<const DeliverySchedule>(std::move(*schedule)));
}

// ---- two columns: `time_s <blank> Mbit/s`, any start.

Result<LinkRate> parse_two_column(const TraceSource& source) {
  TraceText text(source.text, source.name);
  RowCollector rows([&] { return text.place(); }, source.reading.row_interval, source.lint);
  while (const auto line = text.next()) {
    const std::string_view row = trimmed(*line);
    const std::size_t gap = row.find_first_of(" \t");
    auto taken = gap == std::string_view::npos
                     ? rows.unreadable("a row must be `time_s Mbit/s`, got " + quoted_field(row))
                     : add_row(rows, row.substr(0, gap), trimmed(row.substr(gap)), {});
    if (!taken) return taken.error();
  }
  if (text.overflow()) return *text.overflow();
  if (rows.size() < 2) return source.error("a two-column trace needs at least two rows");
  return as_link_rate(source, rows.finish({}, source.reading.at_end, RowCollector::Rows::sampled));
}

}  // namespace millrace
