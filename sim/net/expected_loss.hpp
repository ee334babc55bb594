// Loss as its expectation, for networks without packets: every bit takes 1/(1 - loss).
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>

#include "sim/net/network_spec.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

// A loss model counts until the schedule first changes; its two states are their mean here.
inline double loss_at(const Scheduled<double>& loss, const std::optional<GilbertElliott>& model, Time t) {
  const auto& steps = loss.steps();
  if (model && (steps.size() == 1 || t < steps[1].first)) return model->mean_loss();
  return loss.at(t);
}

// 1/(1-loss) in nanobits, an integer so that every machine computes the same.
inline Nanobits nanobits_per_bit(double loss) {
  constexpr Nanobits kNano = 1'000'000'000;
  const auto arrives = std::max<std::int64_t>(1, std::llround((1 - loss) * 1e9));
  return kNano * kNano / arrives;
}

}  // namespace millrace
