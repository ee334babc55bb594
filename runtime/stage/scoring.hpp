// What logits say: the predicted class, and the place of the right one among all. Logits with a NaN or an
// infinity say nothing: whoever scores asks first, and counts them. No LibTorch here.
#pragma once

#include <cstdint>
#include <span>

namespace millrace {

// Neither a NaN nor an infinity among them.
bool all_finite(std::span<const float> logits);

// Place of class `label` when classes are sorted by logit, 0 for the largest: the number of classes in front
// of it. Among equal logits the first is the larger. So the predicted class is the one of rank 0, and an
// image counts for top-5 where its label's rank is below 5. REQUIRES all_finite(logits), label <
// logits.size().
std::uint32_t rank_of(std::span<const float> logits, std::uint32_t label);

// The class of rank 0. REQUIRES logits, all_finite(logits).
std::uint32_t predicted_class(std::span<const float> logits);

}  // namespace millrace
