// CSV files with a header, whose columns the user names or whose layout is known. Reads RFC 4180 quotes.
#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "sim/trace/format_readers.hpp"
#include "sim/trace/table_layout.hpp"
#include "sim/trace/trace_text.hpp"

namespace millrace {
namespace {

constexpr std::size_t kMaxColumns = 256;

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
    if (const auto number = column_number(name)) {
      if (*number >= 1 && *number <= header_.size()) return *number - 1;
      return text_.error(fmt::format("there is no column {}; the row has {}", *number, header_.size()));
    }
    if (const auto at = column_index(header_, name)) return *at;
    return text_.error(
        fmt::format("there is no column {}; the header has: {}", quoted_field(name), joined(header_)));
  }

  Result<void> begin(std::vector<std::string> header) {
    if (header.size() > kMaxColumns)
      return text_.error(fmt::format("a table may have {} columns", kMaxColumns));
    header_ = std::move(header);
    auto layout = table_layout(header_, source_.reading);
    if (!layout) return text_.error(layout.error().message);
    layout_ = std::move(*layout);
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
    if (auto units = set_units(); !units) return units;
    return headerless() ? row(header_) : Result<void>();
  }

  // Units as the user states, else as the columns' names say, else Mbit/s and s.
  Result<void> set_units() {
    const auto& columns = layout_.columns;
    const auto unit = [&](const std::string& column, const std::string& told, const std::string& named,
                          const char* usual) -> Result<std::string> {
      if (!told.empty() && !named.empty() && told != named) {
        if (auto noted = doubted(fmt::format("the column {} says {} and was told to be in {}",
                                             quoted_field(column), named, told));
            !noted)
          return noted.error();
      }
      return !told.empty() ? told : !named.empty() ? named : usual;
    };
    const auto rates = unit(columns.rate, columns.rate_unit, rate_unit_in(columns.rate), "Mbit/s");
    const auto times = unit(columns.time, columns.time_unit, time_unit_in(columns.time), "s");
    if (!rates) return rates.error();
    if (!times) return times.error();
    const auto per_rate = rate_factor(*rates);
    const auto per_time = time_factor(*times);
    if (!per_rate) return source_.error(per_rate.error().message);
    if (!per_time) return source_.error(per_time.error().message);
    rate_factor_ = *per_rate;
    time_factor_ = *per_time;
    return {};
  }

  // A doubt about something the user may well mean: only linting reports it.
  Result<void> doubted(std::string finding) {
    return source_.lint ? rows_.fault(std::move(finding), "") : Result<void>();
  }

  // The file has no header: all columns are given by number, and the first line already has a rate.
  bool headerless() const {
    const auto& columns = layout_.columns;
    if (!column_number(columns.rate) || !decimal(header_[rate_at_])) return false;
    for (const auto* name : {&columns.time, &columns.unit_column}) {
      if (!name->empty() && !column_number(*name)) return false;
    }
    return std::all_of(columns.where.begin(), columns.where.end(),
                       [](const auto& one) { return column_number(one.first).has_value(); });
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
    if (!rate) return rows_.unreadable("rate must be a number, got " + quoted_field(fields[rate_at_]));
    double factor = rate_factor_;
    if (!layout_.columns.unit_column.empty()) {
      const auto own = rate_factor(fields[unit_at_]);
      if (!own) return rows_.unreadable(own.error().message);
      factor = *own;
    }
    if (!timed()) return step(*rate * factor, fields[rate_at_]);
    const auto time = decimal(fields[time_at_]);
    if (!time) return rows_.unreadable("time must be a number, got " + quoted_field(fields[time_at_]));
    return rows_.add(*time * time_factor_, *rate * factor, fields[rate_at_]);
  }

  Result<void> step(double bit_per_s, const std::string& as_written) {
    const auto before = rows_.size();
    auto added = rows_.add(next_ns_, bit_per_s, as_written);
    if (rows_.size() > before)
      next_ns_ += static_cast<double>(layout_.columns.step.value_or(Duration::s(1)).count_ns());
    return added;
  }

  // The rows of one second become one step, with their mean rate; a second without a number keeps the rate of
  // the second before.
  Result<void> clock_row(const std::vector<std::string>& fields) {
    const auto second = gnettrack_seconds(fields[time_at_]);
    if (!second)
      return rows_.unreadable("time must be YYYY.MM.DD_HH.MM.SS, got " + quoted_field(fields[time_at_]));
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
    if (!rate) return rows_.unreadable("rate must be a number or -, got " + quoted_field(fields[rate_at_]));
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
  TableLayout layout_;
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
