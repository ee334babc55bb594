#include "runtime/planner/accuracy_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <tuple>

#include "runtime/base/read_file.hpp"

namespace millrace {

namespace {

constexpr std::size_t kMaxTableBytes = 16 << 20;
constexpr double kMostBits = 32;
constexpr int kMostCut = 4096;

Error fault(std::string text) { return {std::move(text), ExitCode::invalid_input}; }

// The text up to the separator, taken off the front.
std::string_view front_of(std::string_view& rest, char separator) {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto front = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return front;
}

template <class Number>
bool number(std::string_view text, Number& value) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc{} && end == text.data() + text.size();
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// "24+36", increasing; "none".
bool read_cuts(std::string_view text, std::vector<int>& cuts) {
  if (text == "none") return true;
  while (true) {
    const bool last = text.find('+') == std::string_view::npos;
    int cut = 0;
    if (!number(front_of(text, '+'), cut) || cut < 1 || cut > kMostCut) return false;
    if (!cuts.empty() && cut <= cuts.back()) return false;
    cuts.push_back(cut);
    if (last) return true;
  }
}

std::string_view codec_name(std::string_view written) { return written == "naive" ? "uniform" : written; }

Result<AccuracyRow> read_row(std::string_view line) {
  if (std::ranges::count(line, ',') != std::ranges::count(kAccuracyColumns, ','))
    return fault(fmt::format("expected the columns {}", kAccuracyColumns));
  AccuracyRow row;
  const auto codec = front_of(line, ','), scope = front_of(line, ',');
  if (!is_name(codec) || !is_name(scope)) return fault("codec and scope must be names");
  row.codec = codec_name(codec);
  row.scope = scope;
  if (!number(front_of(line, ','), row.bits) || !(row.bits > 0 && row.bits <= kMostBits))
    return fault(fmt::format("bits must be a number greater than 0, at most {}", kMostBits));
  if (!read_cuts(front_of(line, ','), row.cuts))
    return fault("cuts must be none, a cut, or increasing cuts with + between them");
  if (!number(front_of(line, ','), row.correct) || !number(front_of(line, ','), row.count) ||
      row.count == 0 || row.correct > row.count)
    return fault("correct and count must be numbers of images, correct at most count, count at least 1");
  double bits_per_value = 0;
  if (!number(line, bits_per_value) || !(bits_per_value >= 0 && std::isfinite(bits_per_value)))
    return fault("bits_per_value must be a number >= 0");
  return row;
}

auto key_of(const AccuracyRow& row) { return std::tie(row.codec, row.scope, row.bits, row.cuts); }

std::string codecs_in(const std::vector<AccuracyRow>& rows) {
  std::set<std::string> names;
  for (const auto& row : rows) {
    if (row.cuts.size() == 1) names.insert(fmt::format("{} (scope {})", row.codec, row.scope));
  }
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Result<std::vector<AccuracyRow>> parse_accuracy_table(std::string_view text, const std::string& name) {
  std::vector<AccuracyRow> rows;
  using Key = std::tuple<std::string, std::string, double, std::vector<int>>;
  std::set<Key> seen;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto at = [&](const std::string& finding) {
      return fault(fmt::format("{}:{}: {}", name, line, finding));
    };
    if (text.find('\n') == std::string_view::npos)
      return at("the line has no end; the evaluation that wrote it was cut short");
    const auto content = front_of(text, '\n');
    if (line == 1) {
      if (content != kAccuracyColumns)
        return at(
            fmt::format("expected the columns {}, as `millrace-node eval` writes them", kAccuracyColumns));
      continue;
    }
    auto row = read_row(content);
    if (!row) return at(row.error().message);
    if (!seen.insert(Key(key_of(*row))).second)
      return at("the same codec, scope, bits and cuts a second time");
    rows.push_back(std::move(*row));
  }
  if (rows.empty()) return fault(name + ": holds no rows");
  return rows;
}

Result<std::vector<AccuracyRow>> read_accuracy_table(const std::string& path) {
  const auto text = read_file(path, kMaxTableBytes);
  if (!text) return text.error().in(path);
  return parse_accuracy_table(*text, path);
}

Result<CodecAccuracies> accuracies_of(const std::vector<AccuracyRow>& rows, std::string_view codec,
                                      std::string_view scope, int layers) {
  CodecAccuracies all;
  const auto fp32 = std::ranges::find(rows, "none", &AccuracyRow::codec);
  if (fp32 == rows.end() || fp32->correct == 0)
    return fault(
        "it has no row of codec none (fp32) with correct images, which `millrace-node eval` writes first");
  all.baseline = fp32->share();
  for (const auto& row : rows) {
    if (row.cuts.size() != 1 || row.codec != codec || (!scope.empty() && row.scope != scope)) continue;
    const int cut = row.cuts.front();
    if (cut >= layers)
      return fault(
          fmt::format("it has cut {}, the model's are 1 to {}: it is of another model", cut, layers - 1));
    if (row.count != fp32->count)
      return fault(fmt::format("{} images at cut {} and {} for fp32: evaluate all on the same", row.count,
                               cut, fp32->count));
    auto width = std::ranges::find(all.widths, row.bits, &CodecAccuracies::Width::bits);
    if (width == all.widths.end()) {
      const auto size = static_cast<std::size_t>(layers) + 1;
      width = all.widths.insert(width, {row.bits, std::vector<double>(size, 1), std::vector<bool>(size)});
    }
    const auto at = static_cast<std::size_t>(cut);
    if (width->known[at])
      return fault(fmt::format("it has {} bits at cut {} twice, in two scopes", row.bits, cut));
    width->known[at] = true;
    width->retained[at] = std::min(1.0, row.share() / all.baseline);
  }
  if (all.widths.empty())
    return fault(fmt::format(
        "it has no single cuts of codec {}{}; it has: {}. Evaluate with `millrace-node eval "
        "--codec {} --cuts all`",
        codec, scope.empty() ? "" : fmt::format(" with scope {}", scope), codecs_in(rows), codec));
  std::ranges::sort(all.widths, std::greater(), &CodecAccuracies::Width::bits);
  return all;
}

}  // namespace millrace
