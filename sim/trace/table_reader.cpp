// CSV files with a header: told their columns, or of a layout known here. RFC 4180 quotes are understood.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "sim/trace/format_readers.hpp"
#include "sim/trace/trace_text.hpp"

namespace millrace {
namespace {

constexpr std::size_t kMaxColumns = 256;

struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array kTimeUnits{Unit{"s", 1e9}, Unit{"ms", 1e6}, Unit{"us", 1e3}, Unit{"ns", 1}};
constexpr std::array kRateUnits{Unit{"bit/s", 1},     Unit{"kbit/s", 1e3},  Unit{"Mbit/s", 1e6},
                                Unit{"Gbit/s", 1e9},  Unit{"Kbits", 1e3},   Unit{"Mbits", 1e6},
                                Unit{"Gbits", 1e9},   Unit{"B/s", 8},       Unit{"kB/s", 8e3},
                                Unit{"MB/s", 8e6},    Unit{"KiB/s", 8192},  Unit{"MiB/s", 8388608},
                                Unit{"bits/s", 1},    Unit{"Kbits/s", 1e3}, Unit{"Mbits/s", 1e6},
                                Unit{"Gbits/s", 1e9}, Unit{"Kbps", 1e3},    Unit{"kbps", 1e3},
                                Unit{"Mbps", 1e6},    Unit{"Gbps", 1e9},    Unit{"bps", 1}};

template <std::size_t n>
Result<double> factor_of(const std::array<Unit, n>& units, std::string_view name) {
  std::string known;
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.factor;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", unit.name);
  }
  return Error{fmt::format("{} is no unit known here; known: {}", quoted(name), known),
               ExitCode::invalid_input};
}

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields(1);
  bool inside = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"' && inside && i + 1 < line.size() && line[i + 1] == '"')
      fields.back() += line[++i];
    else if (line[i] == '"')
      inside = !inside;
    else if (line[i] == ',' && !inside)
      fields.emplace_back();
    else
      fields.back() += line[i];
    if (fields.size() > kMaxColumns) break;
  }
  for (auto& field : fields) field = std::string(trimmed(field));
  return fields;
}

// `YYYY.MM.DD_HH.MM.SS` in seconds; local time without a zone: only differences matter.
std::optional<double> gnettrack_seconds(const std::string& field) {
  std::tm time{};
  const char* rest = strptime(field.c_str(), "%Y.%m.%d_%H.%M.%S", &time);
  if (!rest || *rest != '\0') return std::nullopt;
  return static_cast<double>(timegm(&time));
}

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

std::optional<std::size_t> index_of(const std::vector<std::string>& header, std::string_view name) {
  const auto at = std::find(header.begin(), header.end(), name);
  if (at == header.end()) return std::nullopt;
  return static_cast<std::size_t>(at - header.begin());
}

struct Layout {
  TableColumns columns;
  bool clock = false;  // G-NetTrack: time is a date, rows of one second are one, "-" is missing
};

// "SPRINT/TCPx1/US-East" in 5Gophers' table of many runs.
Result<void> select_run(const std::string& series, TableColumns& columns) {
  const auto first = series.find('/');
  const auto second = series.find('/', first + 1);
  if (first == std::string::npos || second == std::string::npos || series.compare(first + 1, 4, "TCPx") != 0)
    return Error{"this table holds many runs: choose with a series such as SPRINT/TCPx1/US-East",
                 ExitCode::invalid_input};
  columns.where = {{"carrier", series.substr(0, first)},
                   {"num_tcp_conn", series.substr(first + 5, second - first - 5)},
                   {"server_location", series.substr(second + 1)}};
  return {};
}

Result<Layout> known_layout(const std::vector<std::string>& header, const std::string& series) {
  Layout layout;
  auto& columns = layout.columns;
  if (index_of(header, "Timestamp") && index_of(header, "DL_bitrate")) {
    layout.clock = true;
    columns.time = "Timestamp";
    columns.rate = series.empty() ? "DL_bitrate" : series;
    columns.rate_unit = "kbit/s";
    return layout;
  }
  std::vector<std::string> rates;
  for (const auto& name : header) {
    if (name.ends_with("throughput_mbps")) rates.push_back(name);
  }
  if (rates.empty())
    return Error{
        "a table must be told its columns; it has: " + joined(header) +
            "; `millrace trace convert FILE trace.csv --rate-column NAME --rate-unit UNIT --time-column "
            "NAME` makes a trace of it that needs no names",
        ExitCode::invalid_input};
  columns.rate = rates.front();
  if (index_of(header, "num_tcp_conn") && index_of(header, "server_location")) {
    if (auto chosen = select_run(series, columns); !chosen) return chosen.error();
  } else if (!series.empty()) {
    columns.rate = series;
  } else if (rates.size() > 1) {
    return Error{"this table has several series: choose one of " + joined(rates), ExitCode::invalid_input};
  }
  return layout;
}

class Table {
 public:
  explicit Table(const TraceSource& source)
      : source_(source),
        text_(source.text, source.name),
        rows_([this] { return text_.place(); }, TraceRows::starting, source.lint) {}

  Result<RateTrace> read() {
    while (const auto line = text_.next()) {
      if (line->starts_with('#') || trimmed(*line).empty()) continue;
      auto taken = header_.empty() ? begin(fields_of(*line)) : row(fields_of(*line));
      if (!taken) return taken.error();
    }
    if (text_.overflow()) return *text_.overflow();
    if (header_.empty()) return source_.error("a table needs a header line with the names of its columns");
    if (auto last = take_second(); !last) return last.error();
    if (rows_.size() == 0) return source_.error("no row of the table holds a rate of this series");
    if (!timed()) end_ns_ = next_ns_;
    if (!end_ns_ && rows_.size() < 2) return source_.error("a table with times needs at least two rows");
    return rows_.finish(end_ns_, source_.reading.at_end, RowCollector::Rows::sampled);
  }

 private:
  bool timed() const { return !layout_.columns.time.empty() && !layout_.clock; }

  Result<std::size_t> column(const std::string& name) const {
    if (const auto at = index_of(header_, name)) return *at;
    return text_.error(
        fmt::format("there is no column {}; the header has: {}", quoted(name), joined(header_)));
  }

  Result<void> begin(std::vector<std::string> header) {
    if (header.size() > kMaxColumns)
      return text_.error(fmt::format("a table may have {} columns", kMaxColumns));
    header_ = std::move(header);
    layout_.columns = source_.reading.columns;
    if (layout_.columns.rate.empty()) {
      auto known = known_layout(header_, source_.reading.series);
      if (!known) return text_.error(known.error().message);
      layout_ = std::move(*known);
    }
    const auto& columns = layout_.columns;
    const auto rate = column(columns.rate);
    if (!rate) return rate.error();
    rate_at_ = *rate;
    for (const auto& [name, value] : columns.where) {
      const auto at = column(name);
      if (!at) return at.error();
      where_.emplace_back(*at, value);
    }
    for (auto [name, at] :
         {std::pair(&columns.time, &time_at_), std::pair(&columns.unit_column, &unit_at_)}) {
      if (name->empty()) continue;
      const auto found = column(*name);
      if (!found) return found.error();
      *at = *found;
    }
    const auto rate_factor = factor_of(kRateUnits, columns.rate_unit);
    const auto time_factor = factor_of(kTimeUnits, columns.time_unit);
    if (!rate_factor) return source_.error(rate_factor.error().message);
    if (!time_factor) return source_.error(time_factor.error().message);
    rate_factor_ = *rate_factor;
    time_factor_ = *time_factor;
    return {};
  }

  Result<void> row(const std::vector<std::string>& fields) {
    if (fields.size() < header_.size())
      return rows_.unreadable(
          fmt::format("the header has {} columns, this row {}", header_.size(), fields.size()));
    for (const auto& [at, value] : where_) {
      if (fields[at] != value) return {};
    }
    if (layout_.clock) return clock_row(fields);
    const auto rate = decimal(fields[rate_at_]);
    if (!rate) return rows_.unreadable("rate must be a number, got " + quoted(fields[rate_at_]));
    double factor = rate_factor_;
    if (!layout_.columns.unit_column.empty()) {
      const auto own = factor_of(kRateUnits, fields[unit_at_]);
      if (!own) return rows_.unreadable(own.error().message);
      factor = *own;
    }
    if (!timed()) return step(*rate * factor, fields[rate_at_]);
    const auto time = decimal(fields[time_at_]);
    if (!time) return rows_.unreadable("time must be a number, got " + quoted(fields[time_at_]));
    return rows_.add(*time * time_factor_, *rate * factor, fields[rate_at_]);
  }

  Result<void> step(double bit_per_s, const std::string& as_written) {
    const auto before = rows_.size();
    auto added = rows_.add(next_ns_, bit_per_s, as_written);
    if (rows_.size() > before) next_ns_ += static_cast<double>(layout_.columns.step.count_ns());
    return added;
  }

  // All rows of one second are one step, their mean; a second without a number holds the one before.
  Result<void> clock_row(const std::vector<std::string>& fields) {
    const auto second = gnettrack_seconds(fields[time_at_]);
    if (!second) return rows_.unreadable("time must be YYYY.MM.DD_HH.MM.SS, got " + quoted(fields[time_at_]));
    if (second_ && *second < *second_)
      return rows_.fault("time must not be earlier than in the row before", "the row is dropped");
    if (second_ && *second > *second_) {
      if (auto taken = take_second(); !taken) return taken;
      if (source_.lint && *second > *second_ + source_.lint->limits.gap_steps) {
        if (auto noted = rows_.fault(fmt::format("a gap of {:g} s", *second - *second_ - 1),
                                     "left out, as all missing seconds are");
            !noted)
          return noted;
      }
    }
    second_ = second;
    if (fields[rate_at_] == "-") return {};
    const auto rate = decimal(fields[rate_at_]);
    if (!rate) return rows_.unreadable("rate must be a number or -, got " + quoted(fields[rate_at_]));
    sum_ += *rate * rate_factor_;
    ++count_;
    return {};
  }

  Result<void> take_second() {
    if (!second_) return {};
    if (count_ > 0) held_ = sum_ / count_;
    sum_ = count_ = 0;
    return step(held_, fmt::format("{:g} kbit/s", held_ * 1e-3));
  }

  const TraceSource& source_;
  TraceText text_;
  RowCollector rows_;
  std::vector<std::string> header_;
  Layout layout_;
  std::size_t rate_at_ = 0, time_at_ = 0, unit_at_ = 0;
  std::vector<std::pair<std::size_t, std::string>> where_;
  double rate_factor_ = 1e6, time_factor_ = 1e9;
  double next_ns_ = 0;
  std::optional<double> end_ns_, second_;
  double held_ = 0, sum_ = 0, count_ = 0;  // of the second being read, bit/s
};

}  // namespace

Result<LinkRate> parse_table(const TraceSource& source) { return as_link_rate(source, Table(source).read()); }

}  // namespace millrace
