#include "runtime/stage/scoring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "runtime/base/random.hpp"

namespace millrace {
namespace {

TEST(ARank, IsThePlaceInAStableSort) {
  Random random(1, "ranks");
  for (int round = 0; round < 200; ++round) {
    std::vector<float> logits(1 + static_cast<std::size_t>(random.uniform() * 12));
    for (float& logit : logits) logit = static_cast<float>(std::floor(random.uniform() * 5));  // many ties
    std::vector<std::uint32_t> sorted(logits.size());
    std::iota(sorted.begin(), sorted.end(), 0U);
    std::ranges::stable_sort(sorted, [&](auto a, auto b) { return logits[a] > logits[b]; });
    for (std::uint32_t place = 0; place < sorted.size(); ++place)
      ASSERT_EQ(rank_of(logits, sorted[place]), place) << "round " << round;
    ASSERT_EQ(predicted_class(logits), sorted[0]);
  }
}

// Otherwise a NaN as the label's logit would rank as high as the others, and an infinity would always be
// right.
TEST(Logits, SayNothingWithANanOrAnInfinityAmongThem) {
  for (const float bad : {NAN, -NAN, INFINITY, -INFINITY}) {
    for (std::size_t at = 0; at < 3; ++at) {
      std::vector<float> logits{1, 3, 2};
      EXPECT_TRUE(all_finite(logits));
      logits[at] = bad;
      EXPECT_FALSE(all_finite(logits)) << bad << " at " << at;
      EXPECT_DEATH((void)rank_of(logits, 1), "the caller looks first");
      EXPECT_DEATH((void)predicted_class(logits), "the caller looks first");
    }
  }
}

}  // namespace
}  // namespace millrace
