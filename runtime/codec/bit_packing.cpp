#include "runtime/codec/bit_packing.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/base/check.hpp"
#include "runtime/codec/little_endian.hpp"

namespace millrace {

namespace {

constexpr std::size_t kGroup = 8;  // 8 codes of w bits fill w bytes exactly

// Squeezes 8 codes, one per byte, into the low 8·Width bits: neighbours first, then pairs, then fours.
template <int Width>
std::uint64_t squeeze(std::uint64_t x) {
  x = (x & 0x00ff00ff00ff00ffULL) | ((x & 0xff00ff00ff00ff00ULL) >> (8 - Width));
  x = (x & 0x0000ffff0000ffffULL) | ((x & 0xffff0000ffff0000ULL) >> (16 - 2 * Width));
  return (x & 0x00000000ffffffffULL) | ((x & 0xffffffff00000000ULL) >> (32 - 4 * Width));
}

// The inverse; bits above the low 8·Width ones are dropped.
template <int Width>
std::uint64_t spread(std::uint64_t x) {
  constexpr std::uint64_t kFour = (1ULL << (4 * Width)) - 1, kTwo = (1ULL << (2 * Width)) - 1,
                          kOne = (1ULL << Width) - 1;
  x = (x & kFour) | (((x >> (4 * Width)) & kFour) << 32);
  x = (x & (kTwo | kTwo << 32)) | (((x >> (2 * Width)) & (kTwo | kTwo << 32)) << 16);
  constexpr std::uint64_t kOnes = kOne | kOne << 16 | kOne << 32 | kOne << 48;
  return (x & kOnes) | (((x >> Width) & kOnes) << 8);
}

template <int Width>
void pack(std::span<const std::uint8_t> codes, std::span<std::byte> out) {
  const std::size_t groups = codes.size() / kGroup;
  const std::uint8_t* from = codes.data();
  std::byte* to = out.data();
  for (std::size_t g = 0; g < groups; ++g, from += kGroup, to += Width) {
    std::uint64_t eight;
    std::memcpy(&eight, from, kGroup);
    eight = squeeze<Width>(eight);
    std::memcpy(to, &eight, Width);
  }
  if (const std::size_t rest = codes.size() % kGroup; rest != 0) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, from, rest);
    eight = squeeze<Width>(eight);
    std::memcpy(to, &eight, packed_bytes(rest, Width));
  }
}

template <int Width>
void unpack(std::span<const std::byte> in, std::span<std::uint8_t> codes) {
  const std::size_t groups = codes.size() / kGroup;
  const std::byte* from = in.data();
  std::uint8_t* to = codes.data();
  for (std::size_t g = 0; g < groups; ++g, from += Width, to += kGroup) {
    std::uint64_t eight = 0;
    // A load of 8 bytes is several times faster than one of 3; spread() drops the surplus bits.
    if (static_cast<std::size_t>(in.data() + in.size() - from) >= kGroup)
      std::memcpy(&eight, from, kGroup);
    else
      std::memcpy(&eight, from, Width);
    eight = spread<Width>(eight);
    std::memcpy(to, &eight, kGroup);
  }
  if (const std::size_t rest = codes.size() % kGroup; rest != 0) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, from, packed_bytes(rest, Width));
    eight = spread<Width>(eight);
    std::memcpy(to, &eight, rest);
  }
}

template <>
void pack<8>(std::span<const std::uint8_t> codes, std::span<std::byte> out) {
  if (!codes.empty()) std::memcpy(out.data(), codes.data(), codes.size());
}
template <>
void unpack<8>(std::span<const std::byte> in, std::span<std::uint8_t> codes) {
  if (!codes.empty()) std::memcpy(codes.data(), in.data(), codes.size());
}

constexpr std::array kPack = {pack<1>, pack<2>, pack<3>, pack<4>, pack<5>, pack<6>, pack<7>, pack<8>};
constexpr std::array kUnpack = {unpack<1>, unpack<2>, unpack<3>, unpack<4>,
                                unpack<5>, unpack<6>, unpack<7>, unpack<8>};

}  // namespace

void pack_bits(std::span<const std::uint8_t> codes, int width, std::span<std::byte> out) {
  MR_CHECK(1 <= width && width <= 8);
  MR_CHECK(out.size() == packed_bytes(codes.size(), width));
  kPack[static_cast<std::size_t>(width - 1)](codes, out);
}

void unpack_bits(std::span<const std::byte> in, int width, std::span<std::uint8_t> codes) {
  MR_CHECK(1 <= width && width <= 8);
  MR_CHECK(in.size() == packed_bytes(codes.size(), width));
  kUnpack[static_cast<std::size_t>(width - 1)](in, codes);
}

bool padding_is_zero(std::span<const std::byte> in, int width, std::size_t codes) {
  MR_CHECK(in.size() == packed_bytes(codes, width));
  const std::size_t used = codes * static_cast<std::size_t>(width) % 8;
  return used == 0 || (static_cast<unsigned>(in.back()) >> used) == 0;
}

}  // namespace millrace
