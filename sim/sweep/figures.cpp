#include "sim/sweep/figures.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/base/strict_json.hpp"

namespace millrace {
namespace {

using Json = nlohmann::ordered_json;

std::optional<double> number_at(const Json& json, const char* pointer) {
  const Json::json_pointer place(pointer);
  if (!json.contains(place) || !json.at(place).is_number()) return std::nullopt;
  return json.at(place).get<double>();
}

std::optional<double> accuracy(const Json& json) {
  const auto correct = number_at(json, "/accuracy/top1_correct"), count = number_at(json, "/accuracy/count");
  if (!correct || !count || *count <= 0) return std::nullopt;
  return *correct / *count;
}

const Json& list_at(const Json& json, const char* name) {
  static const Json kNone = Json::array();
  return json.contains(name) && json[name].is_array() ? json[name] : kNone;
}

// The mean over links from one stage's device to the next stage's: the source's pixels are not activations.
std::optional<double> bits_per_value(const Json& json) {
  const Json& stages = list_at(json, "stages");
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i + 1 < stages.size(); ++i) {
    if (!stages[i].contains("device") || !stages[i + 1].contains("device")) continue;
    for (const Json& link : list_at(json, "links")) {
      const bool between = link.contains("from") && link.contains("to") &&
                           link["from"] == stages[i]["device"] && link["to"] == stages[i + 1]["device"];
      const auto bits = number_at(link, "/bits_per_value_mean");
      if (!between || !bits) continue;
      sum += *bits;
      ++count;
    }
  }
  return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
}

std::optional<double> megabytes(const Json& json) {
  double bytes = 0;
  for (const Json& link : list_at(json, "links")) bytes += number_at(link, "/bytes").value_or(0);
  return bytes * 1e-6;
}

}  // namespace

Result<RunSummary> parse_summary(const std::string& text) {
  const auto read = strict_json<Json>(text);
  if (!read) return read.error();
  const Json& json = *read;
  if (!json.is_object()) return Error{"is no whole JSON object"};
  if (!json.contains("complete") || !json["complete"].is_boolean()) return Error{"does not say \"complete\""};
  RunSummary summary;
  summary.complete = json["complete"].get<bool>();
  if (json.contains("error") && json["error"].is_string()) summary.error = json["error"].get<std::string>();
  summary.figures = {number_at(json, "/throughput_images_per_s"),
                     number_at(json, "/latency_ms/p50"),
                     number_at(json, "/latency_ms/p95"),
                     number_at(json, "/latency_ms/p99"),
                     accuracy(json),
                     bits_per_value(json),
                     megabytes(json),
                     number_at(json, "/duration_s"),
                     number_at(json, "/images"),
                     number_at(json, "/microbatches")};
  summary.json = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return summary;
}

}  // namespace millrace
