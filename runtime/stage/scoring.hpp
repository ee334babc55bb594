// What logits say: the predicted class, and the place of the right one among all. No LibTorch here.
#pragma once

#include <cstdint>
#include <span>

namespace millrace {

// Place of class `label` when classes are sorted by logit, 0 for the largest: the number of classes in front
// of it. Among equal logits the first is the larger; NaN is never larger than a number. So the predicted
// class is the one of rank 0, and an image counts for top-5 where its label's rank is below 5. REQUIRES
// label < logits.size().
std::uint32_t rank_of(std::span<const float> logits, std::uint32_t label);

// The class of rank 0. REQUIRES logits.
std::uint32_t predicted_class(std::span<const float> logits);

}  // namespace millrace
