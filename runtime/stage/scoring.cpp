#include "runtime/stage/scoring.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/check.hpp"

namespace millrace {

namespace {

// Logits with a NaN among them have no order.
void check(std::span<const float> logits) { MR_CHECK(all_finite(logits), "the caller looks first"); }

}  // namespace

bool all_finite(std::span<const float> logits) {
  return std::ranges::all_of(logits, [](float logit) { return std::isfinite(logit); });
}

std::uint32_t rank_of(std::span<const float> logits, std::uint32_t label) {
  MR_CHECK(label < logits.size());
  check(logits);
  std::uint32_t rank = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const bool in_front = i < label ? logits[i] >= logits[label] : logits[i] > logits[label];
    rank += i != label && in_front ? 1 : 0;
  }
  return rank;
}

std::uint32_t predicted_class(std::span<const float> logits) {
  MR_CHECK(!logits.empty());
  check(logits);
  std::size_t best = 0;
  for (std::size_t i = 1; i < logits.size(); ++i) {
    if (logits[i] > logits[best]) best = i;
  }
  return static_cast<std::uint32_t>(best);
}

}  // namespace millrace
