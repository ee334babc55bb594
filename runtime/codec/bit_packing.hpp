// Packs codes of 1..8 bits into a tight stream and unpacks it. Code i lies at bits i·width ..
// (i+1)·width - 1, counted from the lowest bit of the first byte; the bits after the last code are 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace {

constexpr std::size_t packed_bytes(std::size_t codes, int width) {
  return (codes * static_cast<std::size_t>(width) + 7) / 8;
}

// REQUIRES 1 <= width <= 8, every code < 2^width, out.size() == packed_bytes(codes.size(), width).
void pack_bits(std::span<const std::uint8_t> codes, int width, std::span<std::byte> out);
// REQUIRES 1 <= width <= 8, in.size() == packed_bytes(codes.size(), width). ENSURES every code < 2^width.
void unpack_bits(std::span<const std::byte> in, int width, std::span<std::uint8_t> codes);
// Whether the bits after the last code are 0. REQUIRES in.size() == packed_bytes(codes, width).
bool padding_is_zero(std::span<const std::byte> in, int width, std::size_t codes);

}  // namespace millrace
