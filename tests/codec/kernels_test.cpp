// The SIMD kernels against the scalar ones and the packing, to the bit, on every instruction set that this
// machine has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hwy/targets.h>

#include <cmath>
#include <numeric>

#include "runtime/codec/bit_packing.hpp"
#include "runtime/codec/simd_kernels.hpp"
#include "tests/codec/tensors.hpp"

namespace millrace {
namespace {

class EveryTarget : public testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { use(GetParam()); }
  void TearDown() override { use(0); }

  static void use(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }

  Random random{20, "kernels"};
};

std::vector<std::int64_t> targets_here() {
  std::vector<std::int64_t> targets;
  for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1)
    targets.push_back(left & -left);
  return targets;
}

INSTANTIATE_TEST_SUITE_P(Targets, EveryTarget, testing::ValuesIn(targets_here()),
                         [](const auto& test) { return std::string(hwy::TargetName(test.param)); });

// Odd lengths and starts, so that every remainder of every vector width occurs.
std::vector<std::size_t> lengths() {
  std::vector<std::size_t> all(200);
  std::iota(all.begin(), all.end(), std::size_t{0});
  all.insert(all.end(), {1023, 1024, 1025, 4099, 100'003});
  return all;
}

std::span<const float> unaligned(const Tensor& tensor) { return std::span(tensor.values).subspan(1); }

Tensor row(std::size_t n, Random& random, bool hostile = false) {
  const TensorShape shape{1, 1, static_cast<std::int64_t>(n + 1)};
  return hostile ? any_floats(shape, random) : activation(shape, random);
}

TEST_P(EveryTarget, RangesAreThoseOfTheDefinition) {
  for (const std::size_t n : lengths())
    for (const bool hostile : {false, true}) {
      const auto tensor = row(n, random, hostile);
      const auto values = unaligned(tensor);
      const auto fast = simd::finite_range(values), slow = scalar::finite_range(values);
      EXPECT_EQ(bit_patterns({fast.range.lo, fast.range.hi}), bit_patterns({slow.range.lo, slow.range.hi}));
      EXPECT_EQ(fast.all_finite, slow.all_finite) << n;
    }
}

TEST_P(EveryTarget, OneInfinityOrNanIsSeenWhereverItStands) {
  for (std::size_t at = 0; at < 80; ++at)
    for (const float odd : {kInf, -kInf, kNan, -kNan}) {
      std::vector<float> values(80, -0.0F);
      values[at] = odd;
      const auto range = simd::finite_range(values);
      EXPECT_FALSE(range.all_finite);
      EXPECT_EQ(range, scalar::finite_range(values));
    }
}

TEST_P(EveryTarget, SumsHaveTheDefinedOrder) {
  for (const std::size_t n : lengths())
    for (const bool hostile : {false, true})
      for (const auto moment : {Moment::count, Moment::magnitude, Moment::square}) {
        const auto tensor = row(n, random, hostile);
        EXPECT_EQ(simd::sum(unaligned(tensor), moment), scalar::sum(unaligned(tensor), moment)) << n;
      }
}

Range some_range(Random& random) {
  const auto magnitude = static_cast<float>(std::exp(30 * random.normal()));
  const float a = static_cast<float>(random.normal()) * magnitude, b = a + magnitude;
  switch (random.below(5)) {
    case 0:
      return {-kMaxFloat, kMaxFloat};
    case 1:
      return {1, 1};
    case 2:
      return {-2, 2};
    default:
      return std::isfinite(a) && std::isfinite(b) ? Range{std::min(a, b), std::max(a, b)} : Range{-1, 3};
  }
}

template <class Code>
void expect_equal_codes(std::span<const float> values, const Quantizer& quantizer) {
  std::vector<Code> fast(values.size()), slow(values.size());
  simd::quantize(values, quantizer, fast);
  scalar::quantize(values, quantizer, slow);
  ASSERT_EQ(fast, slow);
}

TEST_P(EveryTarget, CodesAreEqualAtEveryWidthAndRange) {
  for (int round = 0; round < 400; ++round) {
    const auto range = some_range(random);
    auto tensor = row(random.below(300), random, random.below(2) == 0);
    if (random.below(2) == 0)
      for (float& x : tensor.values)
        x = static_cast<float>(range.lo + random.uniform() * (double{range.hi} - double{range.lo}));
    for (int bits = 2; bits <= 8; ++bits)
      expect_equal_codes<std::uint8_t>(unaligned(tensor), Quantizer(range, (1 << bits) - 1));
    expect_equal_codes<std::uint16_t>(unaligned(tensor), Quantizer(range, 65535));
  }
}

TEST_P(EveryTarget, APromiseThatThereIsNoNanChangesNoCode) {
  for (int round = 0; round < 200; ++round) {
    const auto tensor = row(random.below(300), random);
    Quantizer quantizer(some_range(random), 1 + static_cast<int>(random.below(255)));
    quantizer.nan_possible = false;
    expect_equal_codes<std::uint8_t>(unaligned(tensor), quantizer);
    expect_equal_codes<std::uint16_t>(unaligned(tensor), quantizer);
  }
}

TEST_P(EveryTarget, TiesBetweenTwoLevelsFallTheSameWay) {
  for (int bits = 2; bits <= 8; ++bits) {
    const int levels = (1 << bits) - 1;
    std::vector<float> values;
    for (int k = 0; k < levels; ++k) {
      const auto tie = static_cast<float>((k + 0.5) * 0.3);
      values.insert(values.end(), {tie, std::nextafter(tie, kInf), std::nextafter(tie, -kInf)});
    }
    expect_equal_codes<std::uint8_t>(values, Quantizer({0, 0.3F * static_cast<float>(levels)}, levels));
  }
}

TEST_P(EveryTarget, DecaysAreEqualToTheLastBit) {
  for (const std::size_t n : {0U, 1U, 7U, 200U}) {
    Decays fast;
    for (std::size_t c = 0; c < Decays::kCount; ++c) {
      fast.value[c] = random.uniform();
      fast.ratio[c] = random.uniform();
    }
    Decays slow = fast;
    DecaySums fast_sums, slow_sums;
    std::vector<double> heights(n);
    for (double& height : heights) height = random.uniform();
    simd::decay(heights, fast, fast_sums);
    scalar::decay(heights, slow, slow_sums);
    EXPECT_EQ(fast.value, slow.value);
    EXPECT_EQ(fast_sums.value, slow_sums.value);
    EXPECT_EQ(fast_sums.square, slow_sums.square);
    EXPECT_EQ(fast_sums.product, slow_sums.product);
  }
}

std::vector<std::uint8_t> random_codes(std::size_t n, int width, Random& random) {
  std::vector<std::uint8_t> codes(n);
  for (auto& code : codes) code = static_cast<std::uint8_t>(random.below(1ULL << width));
  return codes;
}

TEST_P(EveryTarget, PackingIsTheLayout) {
  for (const std::size_t n : lengths())
    for (int width = 1; width <= 8; ++width) {
      const auto codes = random_codes(n, width, random);
      std::vector<std::byte> fast(packed_bytes(n, width)), slow(fast.size());
      simd::pack(codes, width, fast);
      pack_bits(codes, width, slow);
      ASSERT_EQ(fast, slow) << n << " codes of " << width;
      std::vector<std::uint8_t> back(n);
      simd::unpack(fast, width, back);
      ASSERT_EQ(back, codes) << n << " codes of " << width;
    }
}

TEST_P(EveryTarget, LevelsAreLookedUp) {
  for (const std::size_t n : lengths())
    for (int width = 1; width <= 8; ++width) {
      const auto codes = random_codes(n, width, random);
      const auto levels = any_floats({1, 1, 1 << width}, random).values;
      std::vector<float> fast(n), slow(n);
      simd::look_up(codes, levels, fast);
      scalar::look_up(codes, levels, slow);
      ASSERT_EQ(bit_patterns(fast), bit_patterns(slow)) << n << " codes of " << width;
    }
}

}  // namespace
}  // namespace millrace
