// The figures of one run that are columns in tables of sweeps, from its summary.json.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace millrace {

inline constexpr std::array<std::string_view, 10> kFigureNames{
    "throughput_images_per_s", "latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "accuracy",
    "bits_per_value_mean",     "megabytes",      "duration_s",     "images",         "microbatches"};

// In the order of kFigureNames; absent where the run has no such figure. `accuracy` is the share of labelled
// images classified right; `bits_per_value_mean` the mean over the links between stages; `megabytes` what all
// links carried, 10^6 B.
using Figures = std::array<std::optional<double>, kFigureNames.size()>;

struct RunSummary {
  bool complete = false;
  std::string error;  // why it is not complete
  Figures figures;
  std::string json;  // all of it, without line breaks
};

// An error says which part of the text is not that of a summary.
Result<RunSummary> parse_summary(const std::string& text);

}  // namespace millrace
