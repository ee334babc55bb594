#include "runtime/codec/aciq.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/codec/tensors.hpp"

namespace millrace {
namespace {

std::string digits(double x) { return fmt::format("{:.4f}", x); }

// The table of the published implementations, to its printed digits.
TEST(ClipFactors, AreThePublishedOnes) {
  const std::array laplace = {"2.8307", "3.8972", "5.0286", "6.2048",
                              "7.4131", "8.6456", "9.8968", "11.1627"};
  const std::array gauss = {"1.7106", "2.1516", "2.5591", "2.9362", "3.2869", "3.6151", "3.9240"};
  for (std::size_t i = 0; i < laplace.size(); ++i)
    EXPECT_EQ(digits(laplace_clip_factor(static_cast<int>(i) + 2)), laplace[i]);
  for (std::size_t i = 0; i < gauss.size(); ++i)
    EXPECT_EQ(digits(gauss_clip_factor(static_cast<int>(i) + 2)), gauss[i]);
}

double laplace_error(double alpha, int bits) {
  return 2 * std::exp(-alpha) + alpha * alpha / (3 * std::pow(4.0, bits));
}
double gauss_error(double alpha, int bits) {
  return (alpha * alpha + 1) * std::erfc(alpha / std::numbers::sqrt2) -
         std::sqrt(2 / std::numbers::pi) * alpha * std::exp(-alpha * alpha / 2) +
         alpha * alpha / (3 * std::pow(4.0, bits));
}

TEST(ClipFactors, MinimiseTheErrorTheyAreDefinedBy) {
  for (int bits = 1; bits <= 17; ++bits)
    for (const double away : {0.99, 1.01}) {
      const double laplace = laplace_clip_factor(bits), gauss = gauss_clip_factor(bits);
      EXPECT_LT(laplace_error(laplace, bits), laplace_error(away * laplace, bits)) << bits;
      EXPECT_LT(gauss_error(gauss, bits), gauss_error(away * gauss, bits)) << bits;
    }
}

// The definition in the header file, by plain loops.
double alpha_of(const std::vector<float>& values, std::string_view codec, int bits, TensorRole role) {
  double magnitude = 0, square = 0, n = 0;
  for (const float x : values)
    if (std::isfinite(x)) {
      magnitude += std::abs(double{x});
      square += double{x} * double{x};
      ++n;
    }
  const bool half = role == TensorRole::gelu;
  if (codec == "aciq-gauss")
    return half ? gauss_clip_factor(bits + 1) * std::sqrt(2 * square / n)
                : gauss_clip_factor(bits) * std::sqrt(square / n);
  return half ? laplace_clip_factor(bits + 1) * std::sqrt(square / n)
              : laplace_clip_factor(bits) * magnitude / n;
}

class EveryAciq : public testing::TestWithParam<std::tuple<const char*, int, TensorRole>> {
 protected:
  std::string codec = std::get<0>(GetParam());
  int bits = std::get<1>(GetParam());
  TensorRole role = std::get<2>(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Codecs, EveryAciq,
                         testing::Combine(testing::Values("aciq", "aciq-gauss"),
                                          testing::Values(2, 3, 4, 5, 6, 7, 8, 16),
                                          testing::Values(TensorRole::residual, TensorRole::gelu)));

TEST_P(EveryAciq, ErrorIsHalfAStepWithinTheClipAndTheDistanceFromItBeyond) {
  Random random(21, "aciq error");
  for (int round = 0; round < 40; ++round) {
    auto tensor = activation({1, 7, 61}, random);
    const auto magnitude = static_cast<float>(std::exp(10 * random.normal()));
    for (float& x : tensor.values) x *= magnitude;
    const auto back = decoded(encoded({.name = codec}, tensor, bits, role), tensor.shape);
    const auto [lo, hi] = std::ranges::minmax(tensor.values);
    const double alpha = alpha_of(tensor.values, codec, bits, role);
    const double low = std::max(double{lo}, -alpha), high = std::min(double{hi}, alpha);
    const double step = (high - low) / ((1 << bits) - 1);
    const double slack = step / 2 * (bits == 16 ? 0x1p-4 : 0x1p-12) + 0x1p-22 * std::max(-low, high);
    for (std::size_t i = 0; i < back.size(); ++i) {
      const double x = tensor.values[i], nearest = std::clamp(x, low, high);
      ASSERT_LE(std::abs(nearest - double{back[i]}), step / 2 + slack) << x;
      if (x <= low || x >= high) {
        ASSERT_NEAR(back[i], nearest, slack) << x;
      }
    }
  }
}

TEST_P(EveryAciq, ConstantsAndZerosAreExact) {
  for (const float c : {0.0F, 1.0F, -3.3333333F, 1e38F, kMaxFloat, -kMaxFloat}) {
    const Tensor tensor = one_image(std::vector<float>(19, c));
    EXPECT_THAT(decoded(encoded({.name = codec}, tensor, bits, role), tensor.shape), testing::Each(c));
  }
}

TEST_P(EveryAciq, NonFiniteValuesCountInNoMoment) {
  Random random(22, "aciq non-finite");
  auto tensor = activation({1, 1, 300}, random);
  const auto clean = decoded(encoded({.name = codec}, tensor, bits, role), tensor.shape);
  tensor.values.insert(tensor.values.end(), {kInf, -kInf, kNan});
  tensor.shape.width += 3;
  auto back = decoded(encoded({.name = codec}, tensor, bits, role), tensor.shape);
  EXPECT_EQ(back[300], std::ranges::max(back));
  EXPECT_EQ(back[301], std::ranges::min(back));
  back.resize(300);
  for (std::size_t i = 0; i < 300; ++i) ASSERT_NEAR(back[i], clean[i], 1e-5 * std::abs(clean[i]) + 1e-5);
}

TEST(Aciq, BeatsNaiveOnOutliersAtFewBits) {
  Random random(23, "aciq outliers");
  const auto tensor = activation({1, 50, 50}, random);
  const auto error = [&](std::string_view codec) {
    const auto back = round_trip(codec, tensor, 3);
    double sum = 0;
    for (std::size_t i = 0; i < back.size(); ++i)
      if (std::abs(tensor.values[i]) < 4) sum += std::pow(double{back[i]} - double{tensor.values[i]}, 2);
    return sum;
  };
  EXPECT_LT(error("aciq"), error("naive") / 10);
}

}  // namespace
}  // namespace millrace
