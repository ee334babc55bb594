#include "runtime/base/proportion.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace millrace {
namespace {

// The definition of Wilson's interval: its ends are the shares p that are just 1.96 standard errors of p away
// from the observed share.
TEST(WilsonsInterval, EndsWhereTheObservedShareIsJustPlausible) {
  for (const std::uint64_t count : {1U, 2U, 40U, 650U, 50'000U}) {
    for (std::uint64_t hits = 0; hits <= count; hits += 1 + count / 7) {
      const Proportion observed{hits, count};
      const auto [low, high] = observed.interval_95();
      EXPECT_LE(low, observed.share());
      EXPECT_GE(high, observed.share());
      for (const double p : {low, high}) {
        const double away = std::abs(observed.share() - p);
        const double error = std::sqrt(p * (1 - p) / static_cast<double>(count));
        EXPECT_NEAR(away, 1.959963984540054 * error, 1e-7) << hits << " of " << count;
      }
    }
  }
}

TEST(WilsonsInterval, StaysWithinZeroAndOneAndIsNotEmptyThere) {
  const auto none = Proportion{0, 40}.interval_95(), all = Proportion{40, 40}.interval_95();
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.0876, 1e-4);  // z² / (n + z²)
  EXPECT_EQ(all.high, 1);
  EXPECT_NEAR(all.low, 1 - none.high, 1e-12);
}

}  // namespace
}  // namespace millrace
