#include "sim/trace/table_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "runtime/yaml/rate_unit.hpp"
#include "sim/trace/trace_text.hpp"

namespace millrace {
namespace {

struct TimeUnit {
  std::string_view spelling, unit;
  double factor;
};
constexpr std::array kTimeUnits{TimeUnit{"s", "s", 1e9},
                                TimeUnit{"sec", "s", 1e9},
                                TimeUnit{"secs", "s", 1e9},
                                TimeUnit{"second", "s", 1e9},
                                TimeUnit{"seconds", "s", 1e9},
                                TimeUnit{"ms", "ms", 1e6},
                                TimeUnit{"msec", "ms", 1e6},
                                TimeUnit{"millis", "ms", 1e6},
                                TimeUnit{"milliseconds", "ms", 1e6},
                                TimeUnit{"us", "us", 1e3},
                                TimeUnit{"usec", "us", 1e3},
                                TimeUnit{"micros", "us", 1e3},
                                TimeUnit{"microseconds", "us", 1e3},
                                TimeUnit{"ns", "ns", 1},
                                TimeUnit{"nsec", "ns", 1},
                                TimeUnit{"nanos", "ns", 1},
                                TimeUnit{"nanoseconds", "ns", 1}};

Error invalid(std::string message) { return {std::move(message), ExitCode::invalid_input}; }

std::string lower(std::string_view text) {
  std::string low(text);
  for (char& c : low) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return low;
}

// "Elapsed time [ms]", "elapsedTimeMs" -> elapsed, time, ms.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  char before = ' ';
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    const bool hump = c >= 'A' && c <= 'Z' && before >= 'a' && before <= 'z';
    if ((!letter || hump) && !words.back().empty()) words.emplace_back();
    if (letter) words.back() += c;
    before = c;
  }
  if (words.back().empty()) words.pop_back();
  for (auto& word : words) word = lower(word);
  return words;
}

const TimeUnit* time_unit(std::string_view spelling) {
  const auto found = std::ranges::find(kTimeUnits, spelling, &TimeUnit::spelling);
  return found == kTimeUnits.end() ? nullptr : &*found;
}

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

// "SPRINT/TCPx1/US-East" in 5Gophers' table of many runs.
Result<void> select_run(const std::string& series, TableColumns& columns) {
  const auto first = series.find('/');
  const auto second = series.find('/', first + 1);
  if (first == std::string::npos || second == std::string::npos || series.compare(first + 1, 4, "TCPx") != 0)
    return invalid("this table holds many runs: choose with a series such as SPRINT/TCPx1/US-East");
  columns.where = {{"carrier", series.substr(0, first)},
                   {"num_tcp_conn", series.substr(first + 5, second - first - 5)},
                   {"server_location", series.substr(second + 1)}};
  return {};
}

// Where the user names no time column: the one clock column, if its name has a known unit.
Result<void> find_clock(const std::vector<std::string>& header, TableColumns& columns) {
  std::vector<std::string> clocks;
  std::copy_if(header.begin(), header.end(), std::back_inserter(clocks), tells_time);
  if (clocks.empty() || columns.step) return {};
  const std::string told = columns.time.empty() ? clocks.front() : columns.time;
  if (clocks.size() == 1 && !time_unit_in(told).empty()) {
    columns.time = told;
    return {};
  }
  return invalid(fmt::format(
      "the table has a clock of its own ({}) and must be told its columns: convert it with `millrace trace "
      "convert IN OUT.csv --rate-column '{}' --time-column '{}' --time-unit UNIT` (s, ms, us, ns), or with "
      "--step SECONDS if each row holds so long",
      joined(clocks), columns.rate, told));
}

Result<TableLayout> known_layout(const std::vector<std::string>& header, const TraceReading& reading) {
  TableLayout layout{.columns = reading.columns};
  auto& columns = layout.columns;
  const std::string& series = reading.series;
  if (column_index(header, "Timestamp") && column_index(header, "DL_bitrate")) {
    layout.clock = true;
    columns.time = "Timestamp";
    columns.rate = series.empty() ? "DL_bitrate" : series;
    columns.rate_unit = "kbit/s";
    return layout;
  }
  std::vector<std::string> rates;
  for (const auto& name : header) {
    if (lower(name).ends_with("throughput_mbps")) rates.push_back(name);
  }
  if (rates.empty())
    return invalid(
        "a table must be told its columns; it has: " + joined(header) +
        "; `millrace trace convert FILE trace.csv --rate-column NAME --rate-unit UNIT --time-column "
        "NAME` makes a trace of it that needs no names");
  columns.rate = rates.front();
  if (column_index(header, "num_tcp_conn") && column_index(header, "server_location")) {
    if (auto chosen = select_run(series, columns); !chosen) return chosen.error();
  } else if (!series.empty()) {
    columns.rate = series;
  } else if (rates.size() > 1) {
    return invalid("this table has several series: choose one of " + joined(rates));
  }
  if (!columns.time.empty()) return layout;
  if (auto found = find_clock(header, columns); !found) return found.error();
  return layout;
}

// Refuses a rate column given without time column or step in a table that has a clock: rows of 1 s would be a
// guess.
Result<void> check_told(const std::vector<std::string>& header, const TableColumns& columns) {
  if (!columns.time.empty() || columns.step || !column_index(header, columns.rate)) return {};
  for (const auto& name : header) {
    if (name == columns.rate || !tells_time(name)) continue;
    return invalid(
        fmt::format("the column {} tells the time: give --time-column '{}'{}, or --step SECONDS if each row "
                    "holds so long whatever it says",
                    quoted_field(name), name, time_unit_in(name).empty() ? " and --time-unit" : ""));
  }
  return {};
}

}  // namespace

std::optional<std::size_t> column_number(std::string_view name) {
  std::size_t number = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (problem != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::optional<std::size_t> column_index(const std::vector<std::string>& header, std::string_view name) {
  const auto at = std::find(header.begin(), header.end(), name);
  if (at == header.end()) return std::nullopt;
  return static_cast<std::size_t>(at - header.begin());
}

Result<double> time_factor(std::string_view unit) {
  if (const TimeUnit* known = time_unit(unit)) return known->factor;
  return invalid(fmt::format("{} is not a known unit of time; known: s, ms, us, ns", quoted_field(unit)));
}

Result<double> rate_factor(std::string_view text) {
  const auto unit = rate_unit(text);
  if (!unit)
    return invalid(
        fmt::format("{} is no unit known here; known: bit/s, kbit/s, Mbit/s, Gbit/s, Tbit/s (bits/sec, Kbps, "
                    "… too), and in "
                    "bytes B/s, kB/s, MB/s, GB/s (powers of 1000), KiB/s, MiB/s, GiB/s, KBytes/sec, "
                    "MBytes/sec, GBytes/sec "
                    "(powers of 1024, as iperf3 prints them)",
                    quoted_field(text)));
  if (!unit->doubt.empty())
    return invalid(fmt::format("{} is in doubt: {}", quoted_field(text), unit->doubt));
  return static_cast<double>(unit->bit_per_s);
}

std::string time_unit_in(std::string_view column) {
  const auto words = words_of(column);
  if (words.empty()) return {};
  const TimeUnit* unit = time_unit(words.back());
  // A column called just "s" or "ms" does not count as one with a unit.
  return unit && (words.size() > 1 || words.back().size() > 2) ? std::string(unit->unit) : std::string();
}

std::string rate_unit_in(std::string_view column) {
  const std::string low = lower(column);
  constexpr std::array<std::pair<std::string_view, std::string_view>, 24> kEndings{
      {{"kbit_per_s", "kbit/s"},    {"mbit_per_s", "Mbit/s"},
       {"gbit_per_s", "Gbit/s"},    {"bits_per_second", "bit/s"},
       {"bits_per_sec", "bit/s"},   {"bit_per_s", "bit/s"},
       {"bytes_per_second", "B/s"}, {"bytes_per_sec", "B/s"},
       {"bytes_per_s", "B/s"},      {"kbit/s", "kbit/s"},
       {"mbit/s", "Mbit/s"},        {"gbit/s", "Gbit/s"},
       {"kbits/s", "kbit/s"},       {"mbits/s", "Mbit/s"},
       {"gbits/s", "Gbit/s"},       {"kbits/sec", "kbit/s"},
       {"mbits/sec", "Mbit/s"},     {"gbits/sec", "Gbit/s"},
       {"kbps", "kbit/s"},          {"mbps", "Mbit/s"},
       {"gbps", "Gbit/s"},          {"_bps", "bit/s"},
       {"bits/sec", "bit/s"},       {"bit/s", "bit/s"}}};
  std::string_view end = low;
  while (end.ends_with(')') || end.ends_with(']') || end.ends_with(' ')) end.remove_suffix(1);
  // kBps, MB/s: here the case of the letters matters, so the name is read as written.
  const std::string_view written = column.substr(0, end.size());
  if (written.ends_with("Bps") || written.ends_with("B/s")) {
    const std::size_t prefix = written.size() - 4;
    const bool prefixed = written.size() >= 4 && rate_unit(written.substr(prefix));
    return prefixed ? std::string(written.substr(prefix)) : "B/s";
  }
  for (const auto& [ending, unit] : kEndings) {
    if (end.ends_with(ending)) return std::string(unit);
  }
  return end == "bps" ? "bit/s" : "";
}

bool tells_time(std::string_view column) {
  constexpr std::array<std::string_view, 13> kClocks{
      "time", "timestamp", "timestamps", "ts",      "elapsed", "epoch",   "t",
      "date", "datetime",  "clock",      "seconds", "sec",     "unixtime"};
  auto words = words_of(column);
  if (words.empty()) return false;
  // The unit of "time_ms" or "elapsed (s)" does not count as a word. Any other unknown word means a duration
  // and not a clock: "response_time_ms".
  if (words.size() > 1 && time_unit(words.back())) words.pop_back();
  return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
    constexpr std::array<std::string_view, 8> kBeside{"unix",  "utc",   "local", "wall",
                                                      "since", "start", "of",    "day"};
    return std::ranges::find(kClocks, word) != kClocks.end() ||
           (words.size() > 1 && std::ranges::find(kBeside, word) != kBeside.end());
  });
}

Result<TableLayout> table_layout(const std::vector<std::string>& header, const TraceReading& reading) {
  if (reading.columns.rate.empty()) return known_layout(header, reading);
  if (auto sound = check_told(header, reading.columns); !sound) return sound.error();
  return TableLayout{.columns = reading.columns};
}

}  // namespace millrace
