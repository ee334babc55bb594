#include "runtime/codec/ds_aciq.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/codec/aciq.hpp"
#include "runtime/codec/simd_kernels.hpp"
#include "tests/codec/tensors.hpp"

namespace millrace {
namespace {

// The definition in the header file, line by line in plain double arithmetic: it shares no code with the
// codec, but also chooses a value's bin in single precision.
struct PlainSearch {
  std::vector<double> h = std::vector<double>(200), g = std::vector<double>(200);
  double first = 0, last = 0, best = 0;

  explicit PlainSearch(const std::vector<float>& values) {
    const auto [lo, hi] = std::ranges::minmax(values);
    const Quantizer bin({lo, hi}, 200);
    const auto n = static_cast<double>(values.size());
    for (const float x : values) {
      h[std::min<std::size_t>(199, static_cast<std::size_t>(bin.position(x)))] += 1 / n;
      first += std::abs(double{x}) / n;
    }
    for (std::size_t i = 0; i < 200; ++i)
      g[i] = lo + (double{hi} - double{lo}) * static_cast<double>(i) / 199;
    last = first * std::ranges::max(fit(first)) / std::ranges::max(h);
    for (int c = 0; c <= 100; ++c) {
      const double b = first + (last - first) * c / 100;
      if (c == 0 || error(b) < error(best)) best = b;
    }
  }
  std::vector<double> fit(double b) const {
    std::vector<double> f(200);
    std::ranges::transform(g, f.begin(), [b](double x) { return std::exp(-std::abs(x) / b); });
    const double sum = std::accumulate(f.begin(), f.end(), 0.0);
    for (double& y : f) y /= sum;
    return f;
  }
  double error(double b) const {
    double sum = 0;
    const auto f = fit(b);
    for (std::size_t i = 0; i < 200; ++i) sum += (f[i] - h[i]) * (f[i] - h[i]) / 200;
    return sum;
  }
};

Tensor laplace_noise(std::int64_t n, double scale, double offset, Random& random) {
  Tensor tensor{{1, 1, n}, std::vector<float>(static_cast<std::size_t>(n))};
  for (float& x : tensor.values) {
    const double u = random.uniform() - 0.5;
    x = static_cast<float>(offset - scale * std::copysign(std::log(1 - 2 * std::abs(u)), u));
  }
  return tensor;
}

void expect_the_definition(const Tensor& tensor) {
  const PlainSearch plain(tensor.values);
  const auto search = search_laplace_scale(tensor.values, simd::finite_range(tensor.values));
  EXPECT_NEAR(search.first, plain.first, 1e-12 * plain.first);
  EXPECT_NEAR(search.last, plain.last, 1e-11 * plain.last);
  EXPECT_NEAR(search.best, plain.best, 1e-11 * plain.best) << search.steps;
}

TEST(DirectedSearch, IsTheDefinition) {
  Random random(24, "directed search");
  for (int round = 0; round < 60; ++round) {
    expect_the_definition(activation({1, 10, 100}, random));
    expect_the_definition(laplace_noise(2000, std::exp(5 * random.normal()), 0, random));
    expect_the_definition(laplace_noise(500, 1, 10 * random.normal(), random));  // 0 may lie outside the grid
  }
}

TEST(DirectedSearch, EndsAreTheMeanMagnitudeAndTheMatchedPeak) {
  // 1000 values, of which 900 in one bin: the peak is 0.9 and no Laplace density of mean 1 is as high.
  std::vector<float> values(1000, 0.1F);
  for (std::size_t i = 0; i < 50; ++i) {
    values[2 * i] = static_cast<float>(i + 1) / 10;
    values[2 * i + 1] = -values[2 * i];
  }
  const PlainSearch plain(values);
  const auto search = search_laplace_scale(values, simd::finite_range(values));
  EXPECT_LT(search.last, search.first);
  EXPECT_NEAR(search.last / search.first, std::ranges::max(plain.fit(search.first)) / 0.903, 1e-2);
  EXPECT_GT(search.steps, 0);
  EXPECT_LE(search.steps, kSearchSteps);
}

TEST(DirectedSearch, IgnoresWhatIsNotFinite) {
  Random random(25, "search non-finite");
  auto tensor = laplace_noise(5000, 2, 0, random);
  const auto clean = search_laplace_scale(tensor.values, simd::finite_range(tensor.values));
  tensor.values.insert(tensor.values.begin() + 32, {kInf, kNan, -kInf, kNan});
  const auto search = search_laplace_scale(tensor.values, simd::finite_range(tensor.values));
  EXPECT_NEAR(search.best, clean.best, 1e-9);
}

TEST(DirectedSearch, ExtremeRangesHaveAScale) {
  for (const float magnitude : {kMaxFloat, 1e30F, 1e-30F, 1e-45F}) {
    const std::vector<float> values{-magnitude, 0, magnitude, 0, 0};
    const auto search = search_laplace_scale(values, simd::finite_range(values));
    EXPECT_TRUE(std::isfinite(search.best) && search.best > 0) << magnitude;
  }
}

TEST(DsAciq, ClipsAtTheFoundScale) {
  Random random(26, "ds-aciq clip");
  const auto tensor = activation({1, 50, 50}, random);
  const PlainSearch plain(tensor.values);
  for (int bits = 2; bits <= 8; ++bits) {
    const auto back = round_trip("ds-aciq", tensor, bits);
    const double alpha = laplace_clip_factor(bits) * plain.best;
    EXPECT_NEAR(std::ranges::max(back), alpha, 1e-6 * alpha) << bits;  // there are outliers on both sides
    EXPECT_NEAR(std::ranges::min(back), -alpha, 1e-6 * alpha) << bits;
  }
}

TEST(DsAciq, AGroupBeyondTheClipBecomesTheClip) {
  // Few values, all on one side of 0, in a histogram with high peaks: alpha is less than the smallest value.
  const std::vector<float> values{0.29F, 1.46F, 0.875F, 0.29F, 1.46F, 1.46F, 0.875F};
  const auto alpha = static_cast<float>(laplace_clip_factor(3) * PlainSearch(values).best);
  ASSERT_LT(alpha, 0.29F);
  EXPECT_THAT(round_trip("ds-aciq", one_image(values), 3), testing::Each(testing::FloatNear(alpha, 1e-6F)));
}

TEST(DsAciq, AfterGeluIsAciq) {
  Random random(27, "ds-aciq gelu");
  const auto tensor = activation({2, 5, 50}, random);
  auto ds = encoded({.name = "ds-aciq"}, tensor, 4, TensorRole::gelu);
  const auto aciq = encoded({.name = "aciq"}, tensor, 4, TensorRole::gelu);
  ds[3] = aciq[3];  // make the codec's number equal
  EXPECT_EQ(ds, aciq);
}

TEST(DsAciq, ConstantsAreExact) {
  for (const float c : {0.0F, -2.5F, kMaxFloat})
    EXPECT_THAT(round_trip("ds-aciq", one_image(std::vector<float>(9, c)), 3), testing::Each(c));
}

}  // namespace
}  // namespace millrace
