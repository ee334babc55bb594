#include "sim/trace/series_reader.hpp"

#include <fmt/core.h>

#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include "sim/net/network_check.hpp"
#include "sim/net/rate_trace.hpp"
#include "sim/trace/trace_reader.hpp"
#include "sim/trace/trace_text.hpp"

namespace millrace {
namespace {

constexpr double kLeoStep_ns = 1e7;

struct Column {
  std::string_view name;
  double factor;  // to ns, or to a share of 1
};
constexpr std::array kTimes{Column{"time_s", 1e9}, Column{"time_ms", 1e6}, Column{"time_us", 1e3},
                            Column{"time_ns", 1}};
constexpr std::array kDelays{Column{"delay_s", 1e9}, Column{"delay_ms", 1e6}, Column{"delay_us", 1e3},
                             Column{"delay_ns", 1}};
constexpr std::array kLosses{Column{"loss", 1}, Column{"loss_percent", 0.01}};

template <std::size_t n>
std::optional<double> factor_of(const std::array<Column, n>& columns, std::string_view name) {
  for (const Column& column : columns)
    if (column.name == name) return column.factor;
  return std::nullopt;
}

// The quantity of a series: its name, its range, and how it may be written.
struct Kind {
  std::string_view what;
  double highest;
  bool whole_lines;  // LeoReplayer's form is allowed
};
constexpr Kind kDelay{"delay", 1e15, true};
constexpr Kind kLoss{"loss", 1, false};
static_assert(kMaxDelay == Duration::s(1'000'000));

// Values at rising times in ns from 0, and the end.
struct Rows {
  std::vector<std::pair<Duration, double>> values;
  Duration end;
};

class SeriesText {
 public:
  SeriesText(std::string_view text, const std::string& name, const Kind& kind)
      : name_(name), text_(text, name), kind_(kind) {}

  Result<Rows> read() {
    while (const auto line = text_.next()) {
      if (line->starts_with('#')) continue;
      auto taken = columns_ ? row(*line) : first_line(*line);
      if (!taken) return taken.error();
    }
    if (text_.overflow()) return *text_.overflow();
    if (whole_lines_ && !rows_.values.empty())
      rows_.end = Duration::ns(static_cast<std::int64_t>(rows_.values.size()) *
                               static_cast<std::int64_t>(kLeoStep_ns));
    if (rows_.values.empty() || rows_.end == Duration{})
      return Error{fmt::format("{}: a series needs rows, and a CSV a last row `<time>,end`", name_),
                   ExitCode::invalid_input};
    return std::move(rows_);
  }

 private:
  static std::pair<std::string_view, std::string_view> two_fields(std::string_view line) {
    const std::size_t comma = line.find(',');
    if (comma == std::string_view::npos) return {trimmed(line), {}};
    return {trimmed(line.substr(0, comma)), trimmed(line.substr(comma + 1))};
  }

  Result<void> first_line(std::string_view line) {
    const auto [time, value] = two_fields(line);
    if (kind_.whole_lines && value.empty() && decimal(time)) {
      whole_lines_ = true;
      columns_ = {kLeoStep_ns, 1e6};
      return row(line);
    }
    const auto time_factor = factor_of(kTimes, time);
    const auto factor = kind_.whole_lines ? factor_of(kDelays, value) : factor_of(kLosses, value);
    if (!time_factor || !factor)
      return text_.error(fmt::format("the header must be time_{{s,ms,us,ns}},{}; got {}",
                                     kind_.whole_lines ? "delay_{s,ms,us,ns}" : "{loss,loss_percent}",
                                     quoted_field(line)));
    columns_ = {*time_factor, *factor};
    return {};
  }

  Result<void> row(std::string_view line) {
    if (rows_.end != Duration{}) return text_.error("nothing may follow the row that says end");
    const auto [time_field, value_field] =
        whole_lines_ ? std::pair(std::string_view("0"), trimmed(line)) : two_fields(line);
    const auto time =
        whole_lines_ ? std::optional(static_cast<double>(rows_.values.size())) : decimal(time_field);
    if (!time || *time < 0) return text_.error("time must be a number >= 0, got " + quoted_field(time_field));
    const double at_ns = *time * columns_->first;
    if (at_ns > static_cast<double>(RateTrace::kMaxDuration.count_ns()))
      return text_.error(fmt::format("a series may last {:g} s", RateTrace::kMaxDuration.seconds()));
    const Duration at = Duration::ns(std::llround(at_ns));
    if (rows_.values.empty() ? at != Duration{} : at <= rows_.values.back().first)
      return text_.error("the first row is at time 0 and times increase, got " + quoted_field(time_field));
    if (!whole_lines_ && value_field == "end") {
      rows_.end = at;
      return {};
    }
    const auto value = decimal(value_field);
    const double scaled = value ? *value * columns_->second : -1;
    if (!(scaled >= 0) || scaled > kind_.highest)
      return text_.error(fmt::format("{} must be a number from 0 to {}, got {}", kind_.what,
                                     kind_.whole_lines ? fmt::format("{:g} s", kind_.highest / 1e9) : "1",
                                     quoted_field(value_field)));
    rows_.values.emplace_back(at, scaled);
    return {};
  }

  const std::string& name_;
  TraceText text_;
  const Kind& kind_;
  std::optional<std::pair<double, double>> columns_;
  bool whole_lines_ = false;
  Rows rows_;
};

template <class Value, class Make>
Result<Scheduled<Value>> parse(std::string_view text, const std::string& name, const SeriesReading& reading,
                               const Kind& kind, Make&& make) {
  auto rows = SeriesText(text, name, kind).read();
  if (!rows) return rows.error();
  auto series = std::make_shared<Series<Value>>();
  for (const auto& [at, value] : rows->values) series->values.emplace_back(at, make(value));
  series->end = rows->end;
  series->loops = reading.at_end == TraceEnd::loop;
  series->offset = reading.offset;
  return Scheduled<Value>(std::shared_ptr<const Series<Value>>(std::move(series)));
}

}  // namespace

Result<Scheduled<Duration>> parse_delay_series(std::string_view text, const std::string& name,
                                               const SeriesReading& reading) {
  return parse<Duration>(text, name, reading, kDelay,
                         [](double ns) { return Duration::ns(std::llround(ns)); });
}

Result<Scheduled<double>> parse_loss_series(std::string_view text, const std::string& name,
                                            const SeriesReading& reading) {
  return parse<double>(text, name, reading, kLoss, [](double loss) { return loss; });
}

Result<Scheduled<Duration>> read_delay_series(const std::string& path, const SeriesReading& reading) {
  const auto text = read_trace_file(path);
  if (!text) return text.error();
  return parse_delay_series(*text, path, reading);
}

Result<Scheduled<double>> read_loss_series(const std::string& path, const SeriesReading& reading) {
  const auto text = read_trace_file(path);
  if (!text) return text.error();
  return parse_loss_series(*text, path, reading);
}

}  // namespace millrace
