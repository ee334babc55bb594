// Reads logits: the predicted class, and the rank of the right class. Logits with a NaN or an infinity cannot
// be scored: the caller checks first, and counts them. No LibTorch here.
#pragma once

#include <cstdint>
#include <span>

namespace millrace {

// Whether the logits hold neither a NaN nor an infinity.
bool all_finite(std::span<const float> logits);

// The rank of class `label` when classes are sorted by logit, 0 for the largest: the number of classes ahead
// of it. Among equal logits the first counts as larger. So the predicted class has rank 0, and an image
// counts for top-5 if its label's rank is below 5. REQUIRES all_finite(logits), label < logits.size().
std::uint32_t rank_of(std::span<const float> logits, std::uint32_t label);

// The class of rank 0. REQUIRES !logits.empty(), all_finite(logits).
std::uint32_t predicted_class(std::span<const float> logits);

}  // namespace millrace
