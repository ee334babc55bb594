// IEEE 754 binary16 by integer arithmetic, the same on every machine. To half: round to nearest, ties to
// even, subnormals included; a finite value that would round beyond the largest half becomes ±65504 instead
// of an infinity. Infinities stay; a NaN stays a NaN with its sign and upper 10 payload bits, made quiet.
#pragma once

#include <bit>
#include <cstdint>

namespace millrace {

constexpr std::uint16_t half_from_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  constexpr std::uint32_t kInfinity = 0x7f800000U;
  constexpr std::uint32_t kRoundsBeyond = 0x477ff000U;    // 65520: halfway between 65504 and the next step
  constexpr std::uint32_t kSmallestNormal = 0x38800000U;  // 2^-14
  std::uint32_t half = 0;
  if (magnitude > kInfinity) {
    half = 0x7e00U | ((magnitude >> 13) & 0x3ffU);
  } else if (magnitude == kInfinity) {
    half = 0x7c00U;
  } else if (magnitude >= kRoundsBeyond) {
    half = 0x7bffU;
  } else if (magnitude >= kSmallestNormal) {
    // Re-bias the exponent (127 to 15) and round the 13 bits that are dropped; a carry into the exponent is
    // the right result.
    const std::uint32_t odd = (magnitude >> 13) & 1U;
    half = (magnitude - 0x38000000U + 0xfffU + odd) >> 13;
  } else {
    // Adding 0.5 puts the units of a half's subnormals, 2^-24, at a float's last bit: the addition rounds.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    half = std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(0.5F);
  }
  return static_cast<std::uint16_t>(sign | half);
}

// Exact.
constexpr float float_from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fU;
  const std::uint32_t fraction = half & 0x3ffU;
  std::uint32_t magnitude = 0;
  if (exponent == 0x1f) {
    magnitude = 0x7f800000U | (fraction << 13);
  } else if (exponent != 0) {
    magnitude = ((exponent + 112U) << 23) | (fraction << 13);
  } else {
    magnitude = std::bit_cast<std::uint32_t>(static_cast<float>(fraction) * 0x1.0p-24F);
  }
  return std::bit_cast<float>(sign | magnitude);
}

}  // namespace millrace
