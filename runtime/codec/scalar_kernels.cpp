#include "runtime/codec/scalar_kernels.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace millrace::scalar {

namespace {

// Bit patterns of floats as integers of the same order (-0 just below 0). Its own inverse.
constexpr std::int32_t ordered(std::int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }

double term(float x, Moment moment) {
  if (!std::isfinite(x)) return 0;
  switch (moment) {
    case Moment::count:
      return 1;
    case Moment::magnitude:
      return std::abs(double{x});
    case Moment::square:
      return double{x} * double{x};
  }
  return 0;
}

}  // namespace

FiniteRange finite_range(std::span<const float> values) {
  std::int32_t lo = std::numeric_limits<std::int32_t>::max(), hi = std::numeric_limits<std::int32_t>::min();
  bool all_finite = true;
  for (const float x : values) {
    if (!std::isfinite(x)) {
      all_finite = false;
      continue;
    }
    const std::int32_t key = ordered(std::bit_cast<std::int32_t>(x));
    lo = key < lo ? key : lo;
    hi = key > hi ? key : hi;
  }
  if (lo > hi) return {{}, all_finite};
  return {{std::bit_cast<float>(ordered(lo)), std::bit_cast<float>(ordered(hi))}, all_finite};
}

double sum(std::span<const float> values, Moment moment) {
  std::array<double, kPartialSums> partial{};
  for (std::size_t i = 0; i < values.size(); ++i) partial[i % kPartialSums] += term(values[i], moment);
  double total = 0;
  for (const double part : partial) total += part;
  return total;
}

void quantize(std::span<const float> values, const Quantizer& quantizer, std::span<std::uint8_t> codes) {
  for (std::size_t i = 0; i < values.size(); ++i)
    codes[i] = static_cast<std::uint8_t>(quantizer.code(values[i]));
}

void quantize(std::span<const float> values, const Quantizer& quantizer, std::span<std::uint16_t> codes) {
  for (std::size_t i = 0; i < values.size(); ++i)
    codes[i] = static_cast<std::uint16_t>(quantizer.code(values[i]));
}

void look_up(std::span<const std::uint8_t> codes, std::span<const float> levels, std::span<float> out) {
  for (std::size_t i = 0; i < codes.size(); ++i) out[i] = levels[codes[i]];
}

void decay(std::span<const double> heights, Decays& decays, DecaySums& sums) {
  for (std::size_t c = 0; c < Decays::kCount; ++c)
    for (const double height : heights) {
      double& value = decays.value[c];
      sums.value[c] += value;
      sums.square[c] += value * value;
      sums.product[c] += value * height;
      value *= decays.ratio[c];
    }
}

}  // namespace millrace::scalar
