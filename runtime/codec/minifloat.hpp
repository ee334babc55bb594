// Floats of a few bits: 1 sign, E exponent and M mantissa bits, from high to low. As in IEEE 754 the bias is
// 2^(E-1) - 1 and exponent 0 holds zero and the subnormals; unlike in IEEE 754 the highest exponent holds
// numbers too: there are no infinities and no NaN. With exponent field e and mantissa field m:
//     e = 0   m · 2^(1 - bias - M)           e > 0   (1 + m/2^M) · 2^(e - bias)
// 1-4-1 has 32 magnitudes, 0, 2^-7, 2^-6, 1.5·2^-6 … 384; 1-3-0 has 8: 0, 2^-2, 2^-1 … 16.
#pragma once

#include <bit>
#include <cstdint>

namespace millrace {

struct MinifloatFormat {
  int exponent_bits = 0;
  int mantissa_bits = 0;

  constexpr int bits() const { return 1 + exponent_bits + mantissa_bits; }
  constexpr int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  constexpr unsigned magnitudes() const { return 1U << (exponent_bits + mantissa_bits); }

  // REQUIRES code < magnitudes(). Exact; grows with the code.
  constexpr float magnitude(unsigned code) const {
    const unsigned ones = 1U << mantissa_bits, fraction = code & (ones - 1), exponent = code >> mantissa_bits;
    const unsigned units = exponent == 0 ? fraction : ones + fraction;
    const int power = static_cast<int>(exponent == 0 ? 1 : exponent) - bias() - mantissa_bits;
    return static_cast<float>(units) * std::bit_cast<float>(static_cast<std::uint32_t>(127 + power) << 23);
  }
  constexpr float largest() const { return magnitude(magnitudes() - 1); }

  // The code whose magnitude is nearest, ties to the even code. REQUIRES 0 <= x <= largest().
  constexpr unsigned nearest(float x) const {
    const auto smallest_normal = static_cast<std::uint32_t>(128 - bias()) << 23;  // 2^(1 - bias)
    const auto bits = std::bit_cast<std::uint32_t>(x);
    if (bits < smallest_normal) {
      // The sum's last bit is worth one unit of the subnormals, so the addition rounds.
      const auto shift =
          std::bit_cast<float>(smallest_normal + (static_cast<std::uint32_t>(23 - mantissa_bits) << 23));
      return std::bit_cast<std::uint32_t>(x + shift) - std::bit_cast<std::uint32_t>(shift);
    }
    const int dropped = 23 - mantissa_bits;
    const std::uint32_t odd = (bits >> dropped) & 1U, half = (1U << (dropped - 1)) - 1;
    const std::uint32_t rebias = static_cast<std::uint32_t>(127 - bias()) << 23;
    // With no mantissa the exponent's last bit decides ties; re-biasing may flip it.
    const std::uint32_t even = odd ^ ((rebias >> dropped) & 1U);
    return (bits - rebias + half + even) >> dropped;
  }
};

}  // namespace millrace
