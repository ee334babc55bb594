// bfloat16: the upper half of a float, so 8 exponent and 7 mantissa bits. From float: round to nearest, ties
// to even, subnormals included; a finite value that would round beyond the largest bfloat16 becomes
// ±(2 - 2^-7)·2^127 instead of an infinity. Infinities stay; a NaN stays a NaN with its sign and upper 6
// payload bits, made quiet.
#pragma once

#include <bit>
#include <cstdint>

namespace millrace {

constexpr std::uint16_t bfloat16_from_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  constexpr std::uint32_t kInfinity = 0x7f800000U;
  constexpr std::uint32_t kRoundsBeyond = 0x7f7f8000U;
  std::uint32_t upper = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  if (magnitude > kInfinity) upper = (bits >> 16) | 0x40U;
  if (magnitude >= kRoundsBeyond && magnitude < kInfinity) upper = ((bits >> 16) & 0x8000U) | 0x7f7fU;
  return static_cast<std::uint16_t>(upper);
}

// Exact.
constexpr float float_from_bfloat16(std::uint16_t upper) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(upper) << 16);
}

}  // namespace millrace
