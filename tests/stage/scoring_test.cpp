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

TEST(ARank, NanIsBehindEveryNumber) {
  const std::vector<float> logits{NAN, -INFINITY, NAN, 2};
  EXPECT_EQ(rank_of(logits, 3), 0U);
  EXPECT_EQ(rank_of(logits, 1), 1U);
  EXPECT_EQ(rank_of(logits, 0), 2U);
  EXPECT_EQ(rank_of(logits, 2), 3U);
  EXPECT_EQ(predicted_class(logits), 3U);
}

TEST(ARank, ThePredictedClassIsTheOneOfRankZeroEvenAmongNans) {
  const std::vector<float> logits{NAN, NAN};
  EXPECT_EQ(predicted_class(logits), 0U);
  EXPECT_EQ(rank_of(logits, 0), 0U);
  EXPECT_EQ(rank_of(logits, 1), 1U);
}

}  // namespace
}  // namespace millrace
