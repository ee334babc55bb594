#include "runtime/stage/scoring.hpp"

#include <cmath>

#include "runtime/base/check.hpp"

namespace millrace {

namespace {

bool larger(float a, float b) { return a > b || (std::isnan(b) && !std::isnan(a)); }

}  // namespace

std::uint32_t rank_of(std::span<const float> logits, std::uint32_t label) {
  MR_CHECK(label < logits.size());
  std::uint32_t rank = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const bool in_front = i < label ? !larger(logits[label], logits[i]) : larger(logits[i], logits[label]);
    rank += i != label && in_front ? 1 : 0;
  }
  return rank;
}

std::uint32_t predicted_class(std::span<const float> logits) {
  MR_CHECK(!logits.empty());
  std::size_t best = 0;
  for (std::size_t i = 1; i < logits.size(); ++i) {
    if (larger(logits[i], logits[best])) best = i;
  }
  return static_cast<std::uint32_t>(best);
}

}  // namespace millrace
