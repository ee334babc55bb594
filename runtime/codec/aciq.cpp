#include "runtime/codec/aciq.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "runtime/base/check.hpp"
#include "runtime/codec/simd_kernels.hpp"

namespace millrace {

namespace {

constexpr int kMostBits = 17;  // 16, and one more for half a density (GELU)

// W(e^log_z) for log_z > 1: the root of w + ln w = log_z by Newton's method.
double lambert_w_of_exp(double log_z) {
  double w = log_z - std::log(log_z);
  for (int i = 0; i < 20; ++i) w -= (w + std::log(w) - log_z) / (1 + 1 / w);
  return w;
}

// Half the error's derivative, alpha·erfc(alpha/√2) - √(2/π) e^(-alpha²/2) + alpha/(3·4^bits), is concave and
// rises from a negative value, so Newton's method from 0 never oversteps the root.
double gauss_factor(int bits) {
  const double rounding = 1 / (3 * std::pow(4.0, bits));
  double alpha = 0;
  for (int i = 0; i < 100; ++i) {
    const double tail = std::erfc(alpha / std::numbers::sqrt2);
    const double slope =
        alpha * tail - std::sqrt(2 / std::numbers::pi) * std::exp(-alpha * alpha / 2) + alpha * rounding;
    alpha -= slope / (tail + rounding);
  }
  return alpha;
}

double laplace_factor(int bits) { return lambert_w_of_exp(std::log(3.0) + bits * std::log(4.0)); }

using Factors = std::array<double, kMostBits + 1>;

Factors factors(double (*factor)(int bits)) {
  Factors table{};
  for (int bits = 1; bits <= kMostBits; ++bits) table[static_cast<std::size_t>(bits)] = factor(bits);
  return table;
}

double at(const Factors& table, int bits) {
  MR_CHECK(1 <= bits && bits <= kMostBits);
  return table[static_cast<std::size_t>(bits)];
}

double mean(std::span<const float> values, const FiniteRange& finite, Moment moment) {
  const double count =
      finite.all_finite ? static_cast<double>(values.size()) : simd::sum(values, Moment::count);
  return count == 0 ? 0 : simd::sum(values, moment) / count;
}

}  // namespace

double laplace_clip_factor(int bits) {
  static const Factors kTable = factors(laplace_factor);
  return at(kTable, bits);
}

double gauss_clip_factor(int bits) {
  static const Factors kTable = factors(gauss_factor);
  return at(kTable, bits);
}

Range clipped(const Range& range, double alpha) {
  MR_CHECK(alpha >= 0);
  const auto within = [alpha](float x) {
    return x < -alpha ? static_cast<float>(-alpha) : x > alpha ? static_cast<float>(alpha) : x;
  };
  return {.lo = within(range.lo), .hi = within(range.hi)};
}

double mean_magnitude(std::span<const float> values, const FiniteRange& finite) {
  return mean(values, finite, Moment::magnitude);
}

double mean_square(std::span<const float> values, const FiniteRange& finite) {
  return mean(values, finite, Moment::square);
}

Range aciq_range(const RangeRequest& request) {
  const auto& [values, finite, bits, role] = request;
  const double alpha = role == TensorRole::gelu
                           ? laplace_clip_factor(bits + 1) * std::sqrt(mean_square(values, finite))
                           : laplace_clip_factor(bits) * mean_magnitude(values, finite);
  return clipped(finite.range, alpha);
}

Range aciq_gauss_range(const RangeRequest& request) {
  const auto& [values, finite, bits, role] = request;
  const double square = mean_square(values, finite);
  const double alpha = role == TensorRole::gelu ? gauss_clip_factor(bits + 1) * std::sqrt(2 * square)
                                                : gauss_clip_factor(bits) * std::sqrt(square);
  return clipped(finite.range, alpha);
}

}  // namespace millrace
