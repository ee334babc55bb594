#include "sim/net/trace_reader.hpp"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>

#include "sim/net/delivery_schedule.hpp"
#include "sim/net/rate_trace.hpp"
#include "sim/net/trace_text.hpp"

namespace millrace {
namespace {

Error file_error(const std::string& name, std::string_view message) {
  return {fmt::format("{}: {}", name, message), ExitCode::invalid_input};
}

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

Result<BitRate> rate_of(const TraceText& text, std::string_view field, double factor) {
  const auto number = decimal(field);
  if (!number) return text.error("rate must be a number, got " + quoted(field));
  if (*number < 0) return text.error("rate must be >= 0, got " + quoted(field));
  if (*number * factor > static_cast<double>(RateTrace::kMaxBitPerS))
    return text.error(fmt::format("rate must be <= {} bit/s, got {}", RateTrace::kMaxBitPerS, quoted(field)));
  return BitRate(std::llround(*number * factor));
}

Result<double> time_of(const TraceText& text, std::string_view field, double factor) {
  const auto number = decimal(field);
  if (!number) return text.error("time must be a number, got " + quoted(field));
  if (*number < 0) return text.error("time must be >= 0, got " + quoted(field));
  // Generous enough for seconds since 1970.
  if (*number * factor > 9e18) return text.error("time is too late, got " + quoted(field));
  return *number * factor;
}

// Rows as they come in, refused with their line as soon as they cannot be right.
class RateRows {
 public:
  RateRows(const TraceText& text, Duration end_of_last) : text_(text), last_(end_of_last) {}

  Result<void> later(Duration at) {
    if (at <= last_) return text_.error("time must be later than in the row before");
    if (at > RateTrace::kMaxDuration)
      return text_.error(fmt::format("a trace may last {:g} s", RateTrace::kMaxDuration.seconds()));
    last_ = at;
    return {};
  }
  Duration last() const { return last_; }

 private:
  const TraceText& text_;
  Duration last_;
};

Result<LinkRate> rate_trace(const TraceText& text, std::vector<RateStep> steps, Duration end,
                            TraceEnd at_end) {
  auto trace = RateTrace::make(std::move(steps), end, at_end);
  if (!trace) return text.error(trace.error().message);
  return LinkRate(std::make_shared<const RateTrace>(std::move(*trace)));
}

// ---- csv: `time_<unit>,rate_<unit>`, rows from 0, last row `<time>,end`.

std::pair<std::string_view, std::string_view> two_fields(std::string_view line) {
  const std::size_t comma = line.find(',');
  if (comma == std::string_view::npos) return {trimmed(line), {}};
  return {trimmed(line.substr(0, comma)), trimmed(line.substr(comma + 1))};
}

Result<std::pair<double, double>> csv_units(const TraceText& text, std::string_view header) {
  const auto [time_name, rate_name] = two_fields(header);
  const auto time = factor_of(kTimeUnits, time_name);
  const auto rate = factor_of(kRateUnits, rate_name);
  if (!time || !rate)
    return text.error(
        "the header must be time_{s,ms,us,ns},rate_{bit,kbit,mbit,gbit}_per_s, "
        "such as time_s,rate_mbit_per_s; got " +
        quoted(header));
  return std::pair(*time, *rate);
}

Result<LinkRate> parse_csv(TraceText& text, const std::string& name, TraceEnd at_end) {
  std::optional<std::pair<double, double>> units;
  std::vector<RateStep> steps;
  std::optional<Duration> end;
  RateRows rows(text, Duration::ns(-1));
  while (const auto line = text.next()) {
    if (line->starts_with('#')) continue;
    if (end) return text.error("nothing may follow the row that says end");
    if (!units) {
      auto read = csv_units(text, *line);
      if (!read) return read.error();
      units = *read;
      continue;
    }
    const auto [time_field, rate_field] = two_fields(*line);
    const auto time = time_of(text, time_field, units->first);
    if (!time) return time.error();
    const Duration at = Duration::ns(std::llround(*time));
    if (steps.empty() && at != Duration{}) return text.error("the first row must be at time 0");
    if (auto checked = rows.later(at); !checked) return checked.error();
    if (rate_field == "end") {
      end = at;
      continue;
    }
    const auto rate = rate_of(text, rate_field, units->second);
    if (!rate) return rate.error();
    steps.push_back({at, *rate});
  }
  if (text.overflow()) return *text.overflow();
  if (!units) return file_error(name, "a CSV trace needs a header");
  if (!end || steps.empty())
    return file_error(name,
                      "a CSV trace needs rows and a last row `<time>,end` that says how long they hold");
  return rate_trace(text, std::move(steps), *end, at_end);
}

// ---- mahimahi: one whole number of milliseconds per line.

Result<LinkRate> parse_mahimahi(TraceText& text, const std::string& name, TraceEnd at_end) {
  if (at_end == TraceEnd::hold)
    return file_error(name, "a mahimahi trace always loops (its last value is its period); it cannot hold");
  std::vector<std::uint64_t> milliseconds;
  while (const auto line = text.next()) {
    if (line->empty()) return text.error("a line must not be empty");
    std::uint64_t ms = 0;
    const char* last = line->data() + line->size();
    const auto [stopped, problem] = std::from_chars(line->data(), last, ms);
    if (problem != std::errc{} || stopped != last || ms > DeliverySchedule::kMaxPeriodMs)
      return text.error(fmt::format("a line must be a whole number of milliseconds up to {}, got {}",
                                    DeliverySchedule::kMaxPeriodMs, quoted(*line)));
    if (!milliseconds.empty() && ms < milliseconds.back())
      return text.error(
          fmt::format("milliseconds must not decrease, got {} after {}", ms, milliseconds.back()));
    milliseconds.push_back(ms);
  }
  if (text.overflow()) return *text.overflow();
  if (milliseconds.empty()) return file_error(name, "a mahimahi trace must not be empty");
  if (milliseconds.back() == 0) return text.error("the last value is the period and must not be 0");
  auto schedule = DeliverySchedule::make(std::move(milliseconds));
  if (!schedule) return text.error(schedule.error().message);
  return LinkRate(std::make_shared<const DeliverySchedule>(std::move(*schedule)));
}

// ---- two columns: `time_s <blank> Mbit/s`, any start.

struct TwoColumnRow {
  Duration at;  // since the first row
  BitRate rate;
};

Result<std::vector<TwoColumnRow>> two_column_rows(TraceText& text, const std::string& name) {
  std::vector<TwoColumnRow> read;
  RateRows rows(text, Duration::ns(-1));
  double start = 0;
  while (const auto line = text.next()) {
    const std::string_view row = trimmed(*line);
    const std::size_t gap = row.find_first_of(" \t");
    if (gap == std::string_view::npos) return text.error("a row must be `time_s Mbit/s`, got " + quoted(row));
    const auto time = time_of(text, row.substr(0, gap), 1e9);
    if (!time) return time.error();
    const auto rate = rate_of(text, trimmed(row.substr(gap)), 1e6);
    if (!rate) return rate.error();
    if (read.empty()) start = *time;
    if (*time < start) return text.error("time must be later than in the row before");
    const Duration at = Duration::ns(std::llround(*time - start));
    if (auto checked = rows.later(at); !checked) return checked.error();
    read.push_back({at, *rate});
  }
  if (text.overflow()) return *text.overflow();
  if (read.size() < 2) return file_error(name, "a two-column trace needs at least two rows");
  return read;
}

Result<LinkRate> parse_two_column(TraceText& text, const std::string& name, const TraceReading& reading) {
  const auto read = two_column_rows(text, name);
  if (!read) return read.error();
  const bool ending = reading.row_interval == RowInterval::ending;
  std::vector<RateStep> steps;
  for (std::size_t i = ending ? 1 : 0; i < read->size(); ++i)
    steps.push_back({(*read)[ending ? i - 1 : i].at, (*read)[i].rate});
  const Duration last = read->back().at;
  const Duration end = ending ? last : last + (last - (*read)[read->size() - 2].at);
  return rate_trace(text, std::move(steps), end, reading.at_end);
}

}  // namespace

Result<TraceFormat> detect_trace_format(std::string_view content, const std::string& name) {
  TraceText text(content, name);
  while (const auto line = text.next()) {
    if (line->starts_with('#')) continue;
    const std::string_view first = trimmed(*line);
    if (first.empty()) break;
    const bool letter = (first[0] >= 'a' && first[0] <= 'z') || (first[0] >= 'A' && first[0] <= 'Z');
    if (letter && first.find(',') != std::string_view::npos) return TraceFormat::csv;
    if (first.find_first_not_of("0123456789") == std::string_view::npos) return TraceFormat::mahimahi;
    const std::size_t gap = first.find_first_of(" \t");
    if (gap != std::string_view::npos && decimal(first.substr(0, gap)) && decimal(trimmed(first.substr(gap))))
      return TraceFormat::two_column;
    break;
  }
  if (text.overflow()) return *text.overflow();
  if (text.line() == 0) return file_error(name, "the trace is empty");
  return text.error(
      "this is no trace known here: expected csv (a header such as time_s,rate_mbit_per_s), mahimahi (whole "
      "milliseconds, one per line) or two_column (seconds and Mbit/s)");
}

Result<LinkRate> parse_trace(std::string_view content, const std::string& name, const TraceReading& reading) {
  if (content.size() > kMaxTraceFileBytes)
    return file_error(name,
                      fmt::format("a trace may have {} bytes, got {}", kMaxTraceFileBytes, content.size()));
  TraceFormat format = reading.format;
  if (format == TraceFormat::automatic) {
    const auto detected = detect_trace_format(content, name);
    if (!detected) return detected.error();
    format = *detected;
  }
  TraceText text(content, name);
  switch (format) {
    case TraceFormat::csv:
      return parse_csv(text, name, reading.at_end);
    case TraceFormat::mahimahi:
      return parse_mahimahi(text, name, reading.at_end);
    case TraceFormat::two_column:
      return parse_two_column(text, name, reading);
    case TraceFormat::automatic:
      break;
  }
  MR_CHECK(false, "the format was detected above");
  return file_error(name, "");
}

Result<LinkRate> read_trace(const std::string& path, const TraceReading& reading) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return file_error(path, "the trace cannot be opened");
  std::string content;
  std::string piece(1U << 16U, '\0');
  while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), file.get())) {
    content.append(piece, 0, n);
    if (content.size() > kMaxTraceFileBytes)
      return file_error(path, fmt::format("a trace may have {} bytes, this has more", kMaxTraceFileBytes));
  }
  if (std::ferror(file.get()) != 0) return file_error(path, "the trace cannot be read");
  return parse_trace(content, path, reading);
}

Result<LinkRate> read_trace(const std::string& path, TraceFormat format, TraceEnd at_end) {
  return read_trace(path, TraceReading{.format = format, .at_end = at_end});
}

}  // namespace millrace
