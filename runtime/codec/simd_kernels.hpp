// The loops over values with the widest vectors that the running machine has (Highway, chosen at the first
// call). Results equal those of scalar_kernels.hpp and bit_packing.hpp to the bit on every machine, and the
// requirements are the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/codec/quantizer.hpp"
#include "runtime/codec/scalar_kernels.hpp"

namespace millrace::simd {

FiniteRange finite_range(std::span<const float> values);
double sum(std::span<const float> values, Moment moment);
void quantize(std::span<const float> values, const Quantizer& quantizer, std::span<std::uint8_t> codes);
void quantize(std::span<const float> values, const Quantizer& quantizer, std::span<std::uint16_t> codes);
void look_up(std::span<const std::uint8_t> codes, std::span<const float> levels, std::span<float> out);
void decay(std::span<const double> heights, Decays& decays, DecaySums& sums);

// pack_bits and unpack_bits; faster at 2 and 4 bits, the same at others.
void pack(std::span<const std::uint8_t> codes, int width, std::span<std::byte> out);
void unpack(std::span<const std::byte> in, int width, std::span<std::uint8_t> codes);

}  // namespace millrace::simd
