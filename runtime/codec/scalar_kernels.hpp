// The loops over values, one value at a time: the definition that simd_kernels.hpp matches bit for bit, and
// the oracle of its tests. Ranges and sums leave non-finite values out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/codec/quantizer.hpp"

namespace millrace {

struct FiniteRange {
  Range range;  // smallest and largest finite value (-0 is below 0); 0 and 0 if there is none
  bool all_finite = true;
  bool operator==(const FiniteRange&) const = default;
};

// The quantity that is summed over the finite values.
enum class Moment : std::uint8_t { count, magnitude, square };

// A sum has a defined order, so that it does not depend on the width of a machine's vectors: value i is added
// in double to partial sum i mod kPartialSums, and the partial sums are added in order.
inline constexpr std::size_t kPartialSums = 32;

// Geometric sequences evaluated side by side, and sums over their terms.
struct Decays {
  static constexpr std::size_t kCount = 104;  // a multiple of every vector's lanes
  std::array<double, kCount> value{}, ratio{};
};
struct DecaySums {
  std::array<double, Decays::kCount> value{}, square{}, product{};
};

namespace scalar {

FiniteRange finite_range(std::span<const float> values);
double sum(std::span<const float> values, Moment moment);
// REQUIRES codes.size() == values.size() and a quantizer whose codes fit.
void quantize(std::span<const float> values, const Quantizer& quantizer, std::span<std::uint8_t> codes);
void quantize(std::span<const float> values, const Quantizer& quantizer, std::span<std::uint16_t> codes);
// out[i] = levels[codes[i]]. REQUIRES out.size() == codes.size(), every code < levels.size() <= 256.
void look_up(std::span<const std::uint8_t> codes, std::span<const float> levels, std::span<float> out);
// For each height in order and every sequence: adds value, value² and value·height to the sums, then
// multiplies the value by its ratio.
void decay(std::span<const double> heights, Decays& decays, DecaySums& sums);

}  // namespace scalar

}  // namespace millrace
