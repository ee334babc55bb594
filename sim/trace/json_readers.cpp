#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/base/strict_json.hpp"
#include "sim/trace/format_readers.hpp"

namespace millrace {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 16;

Result<Json> parsed(const TraceSource& source) {
  auto json = strict_json(source.text, kMaxDepth);
  if (!json) return source.error(json.error().message);
  return json;
}

std::optional<double> number(const Json& object, const char* key) {
  if (!object.is_object()) return std::nullopt;
  const auto at = object.find(key);
  if (at == object.end() || !at->is_number()) return std::nullopt;
  const double value = at->get<double>();
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

struct Entries {
  explicit Entries(const TraceSource& source)
      : rows([this, &source] { return fmt::format("{}: entry {}", source.name, entry); }, TraceRows::starting,
             source.lint) {}
  std::size_t entry = 0;
  RowCollector rows;
};

}  // namespace

// [{"duration_ms", "bandwidth_kbps", "latency_ms"}, …]
Result<LinkRate> parse_sabre(const TraceSource& source) {
  const auto root = parsed(source);
  if (!root) return root.error();
  if (!root->is_array() || root->empty())
    return source.error("a sabre trace is a list of {\"duration_ms\", \"bandwidth_kbps\", \"latency_ms\"}");
  Entries entries(source);
  double at_ns = 0;
  for (const auto& item : *root) {
    ++entries.entry;
    const auto duration = number(item, "duration_ms");
    const auto rate = number(item, "bandwidth_kbps");
    auto taken = duration && rate && *duration > 0 && *duration < 1e12
                     ? entries.rows.add(at_ns, *rate * 1e3, fmt::format("{:g}", *rate))
                     : entries.rows.unreadable("needs duration_ms > 0 and bandwidth_kbps, both numbers");
    if (!taken) return taken.error();
    if (duration && rate && *duration > 0 && *duration < 1e12) at_ns += *duration * 1e6;
  }
  if (entries.rows.size() == 0) return source.error("no entry can be read");
  return as_link_rate(source, entries.rows.finish(at_ns, source.reading.at_end, RowCollector::Rows::held));
}

// intervals[].sum.{start,end,bits_per_second,omitted}; series `sum_bidir_reverse` is the other direction of
// --bidir.
Result<LinkRate> parse_iperf3(const TraceSource& source) {
  const auto root = parsed(source);
  if (!root) return root.error();
  std::string series = source.reading.series.empty() ? "sum" : source.reading.series;
  if (series.starts_with("intervals[].")) series.erase(0, 12);
  const auto intervals = root->is_object() ? root->find("intervals") : root->end();
  if (!root->is_object() || intervals == root->end() || !intervals->is_array())
    return source.error("iperf3 --json output has a list \"intervals\"");
  Entries entries(source);
  double end_ns = 0;
  for (const auto& item : *intervals) {
    ++entries.entry;
    const auto sum = item.is_object() ? item.find(series) : item.end();
    if (!item.is_object() || sum == item.end()) {
      if (auto noted = entries.rows.unreadable(fmt::format("has no \"{}\"", series)); !noted)
        return noted.error();
      continue;
    }
    if (const auto omitted = sum->find("omitted");
        omitted != sum->end() && omitted->is_boolean() && omitted->get<bool>())
      continue;
    const auto start = number(*sum, "start");
    const auto end = number(*sum, "end");
    const auto rate = number(*sum, "bits_per_second");
    auto taken = start && end && rate && *end > *start && *end < 1e9
                     ? entries.rows.add(*start * 1e9, *rate, fmt::format("{:g}", *rate))
                     : entries.rows.unreadable("needs the numbers start < end and bits_per_second");
    if (!taken) return taken.error();
    if (end && *end < 1e9) end_ns = std::max(end_ns, *end * 1e9);
  }
  if (entries.rows.size() == 0) return source.error("no interval can be read");
  return as_link_rate(source,
                      entries.rows.finish(end_ns, source.reading.at_end, RowCollector::Rows::sampled));
}

}  // namespace millrace
