#include "runtime/codec/klt_tables.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "runtime/base/random.hpp"

namespace millrace {
namespace {

constexpr std::int32_t kUnit = 1 << kQuantileBits;

double normal_below(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

TEST(KltTables, StepsAreSixtyFourToTheOctave) {
  for (int index = kFinestStep; index <= kCoarsestStep; ++index)
    EXPECT_NEAR(static_cast<double>(step_size(index)), std::exp2(index / 64.0 + kStepBits), 0.51) << index;
}

// The oracle is the normal distribution itself, not its quantiles.
TEST(KltTables, CodeNormalValuesAtNearlyTheirEntropy) {
  for (const double sigma : {0.1, 0.5, 1.0, 3.0})
    for (const int index : {-128, -64, 0, 64}) {
      const double step = std::exp2(index / 64.0);
      if (sigma > 6 * step) continue;  // raw bits
      const auto table =
          symbol_table(normal_distribution(static_cast<std::int32_t>(sigma * kUnit)), step_size(index));
      ASSERT_EQ(table.raw_bits, 0);
      double entropy = 0, cost = 0;
      for (int s = -200; s <= 200; ++s) {
        const double p = normal_below((s + 0.5) * step / sigma) - normal_below((s - 0.5) * step / sigma);
        if (p <= 0) continue;
        const int at = s - table.first;
        const auto own = static_cast<std::size_t>(at >= 0 && at < table.count ? at : table.count);
        entropy -= p * std::log2(p);
        cost += p * (kRansPrecision - std::log2(table.frequencies[own]));
      }
      EXPECT_LE(cost, entropy * 1.005 + 0.012) << sigma << " " << step;
    }
}

TEST(KltTables, MeansAreThoseOfTheValuesBetweenTheBounds) {
  const auto table = symbol_table(normal_distribution(kUnit), step_size(0));
  Random random(42, "means");
  std::vector<double> sums(64), counts(64);
  for (int i = 0; i < 400'000; ++i) {
    const double x = random.normal();
    const auto at = static_cast<std::size_t>(static_cast<int>(std::nearbyint(x)) - table.first);
    if (at < 64) sums[at] += x, counts[at] += 1;
  }
  for (int s = -2; s <= 2; ++s) {
    const auto at = static_cast<std::size_t>(s - table.first);
    EXPECT_NEAR(table.means[at], sums[at] / counts[at], 0.02) << s;
  }
}

// The properties that rans.hpp and the encoder rely on, for any quantiles and any step.
TEST(KltTables, HoldForAnyDistributionAndStep) {
  Random random(43, "any distribution");
  for (int round = 0; round < 2000; ++round) {
    Distribution distribution;
    const auto spread = 1 + random.below(std::uint64_t{1} << (1 + random.below(19)));
    std::int64_t at = static_cast<std::int64_t>(random.below(1 << 22)) - (1 << 21);
    for (auto& q : distribution.quantiles)
      q = static_cast<std::int32_t>(at), at += 1 + static_cast<std::int64_t>(random.below(spread));
    if (at > kMaxQuantile) continue;
    ASSERT_TRUE(is_valid(distribution));
    const int index = kFinestStep + static_cast<int>(random.below(kCoarsestStep - kFinestStep + 1));
    const auto table = symbol_table(distribution, step_size(index));
    ASSERT_GE(table.count, 1);
    ASSERT_LE(table.count, kMaxSymbols);
    for (std::int32_t s = 0; s <= table.count; ++s)
      ASSERT_GE(table.frequencies[static_cast<std::size_t>(s)], 1);
    ASSERT_EQ(std::accumulate(table.frequencies.begin(), table.frequencies.end(), 0U), kRansTotal);
    for (std::int32_t s = 0; s < table.count; ++s)
      ASSERT_NEAR(table.means[static_cast<std::size_t>(s)], table.first + s,
                  0.5001 + 1e-6 * std::abs(table.first));
  }
}

TEST(KltTables, QuantilesThatDoNotIncreaseAreNotValid) {
  auto distribution = normal_distribution(kUnit);
  EXPECT_TRUE(is_valid(distribution));
  EXPECT_TRUE(is_valid(laplace_distribution(64)));
  std::swap(distribution.quantiles[3], distribution.quantiles[4]);
  EXPECT_FALSE(is_valid(distribution));
  distribution = normal_distribution(kUnit);
  distribution.quantiles.back() = kMaxQuantile + 1;
  EXPECT_FALSE(is_valid(distribution));
}

}  // namespace
}  // namespace millrace
