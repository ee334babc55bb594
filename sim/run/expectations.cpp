#include "sim/run/expectations.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

std::optional<double> figure(const std::string& metric, const Summary& summary) {
  const auto seconds = [&](double share) -> std::optional<double> {
    const auto latency = summary.latency(share);
    return latency ? std::optional(latency->seconds()) : std::nullopt;
  };
  if (metric == "throughput") return summary.throughput_images_per_s();
  if (metric == "latency_p50") return seconds(0.50);
  if (metric == "latency_p95") return seconds(0.95);
  if (metric == "latency_p99") return seconds(0.99);
  if (metric == "accuracy" && summary.top1()) return summary.top1()->share();
  if (metric == "share_meeting_target") return summary.target().share();
  if (metric == "bits_per_value") return summary.bits_per_value_mean();
  return std::nullopt;
}

}  // namespace

std::vector<std::string> unmet_expectations(const Scenario& scenario, const Summary& summary) {
  std::vector<std::string> unmet;
  for (const auto& expectation : scenario.expect) {
    const auto value = figure(expectation.metric, summary);
    const bool met =
        value && (expectation.at_least ? *value >= expectation.bound : *value <= expectation.bound);
    if (met) continue;
    unmet.push_back(fmt::format("expected {} {} {}, got {}", expectation.metric,
                                expectation.at_least ? ">=" : "<=", expectation.bound,
                                value ? fmt::format("{:.6g}", *value) : std::string("nothing")));
  }
  return unmet;
}

}  // namespace millrace
