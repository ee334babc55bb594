#include "runtime/codec/range_codec.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "runtime/base/check.hpp"
#include "runtime/codec/bit_packing.hpp"
#include "runtime/codec/little_endian.hpp"
#include "runtime/codec/simd_kernels.hpp"

namespace millrace {

namespace {

constexpr int kNarrowest = 2, kWidestPacked = 8, kWidest = 16;
constexpr std::size_t kSideBytes = 2 * sizeof(float);  // lo, hi
constexpr std::size_t kBlock = 4096;                   // values quantized, then packed; a multiple of 8

int width_of(Budget budget) {
  MR_CHECK(!std::isnan(budget.bits_per_value));
  if (budget.bits_per_value >= kWidest) return kWidest;
  return static_cast<int>(
      std::clamp(std::floor(budget.bits_per_value), double{kNarrowest}, double{kWidestPacked}));
}

std::size_t code_bytes(std::size_t values, int bits) {
  return bits == kWidest ? values * sizeof(std::uint16_t) : packed_bytes(values, bits);
}

std::size_t payload_bytes(const Groups& groups, int bits) {
  return groups.count * (kSideBytes + code_bytes(groups.values, bits));
}

float level(const Range& range, int levels, int k) {
  return static_cast<float>((double{range.lo} * (levels - k) + double{range.hi} * k) / levels);
}

void encode_block(std::span<const float> values, const Quantizer& quantizer, int bits,
                  std::span<std::byte> to) {
  if (bits == 8) {
    simd::quantize(values, quantizer, {reinterpret_cast<std::uint8_t*>(to.data()), to.size()});
  } else if (bits == kWidest) {
    std::array<std::uint16_t, kBlock> codes;
    simd::quantize(values, quantizer, std::span(codes).first(values.size()));
    std::memcpy(to.data(), codes.data(), to.size());
  } else {
    std::array<std::uint8_t, kBlock> codes;
    simd::quantize(values, quantizer, std::span(codes).first(values.size()));
    simd::pack(std::span(codes).first(values.size()), bits, to);
  }
}

void encode_group(const RangeRequest& request, const Range& range, std::span<std::byte> to) {
  const auto& [values, finite, bits, role] = request;
  store_le(to.data(), range.lo);
  store_le(to.data() + sizeof(float), range.hi);
  to = to.subspan(kSideBytes);
  Quantizer quantizer(range, (1 << bits) - 1);
  quantizer.nan_possible = !finite.all_finite;
  for (std::size_t i = 0; i < values.size(); i += kBlock) {
    const auto block = values.subspan(i, std::min(kBlock, values.size() - i));
    const std::size_t bytes = code_bytes(block.size(), bits);
    encode_block(block, quantizer, bits, to.first(bytes));
    to = to.subspan(bytes);
  }
}

void decode_wide(std::span<const std::byte> in, const Range& range, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = level(range, (1 << kWidest) - 1, load_le<std::uint16_t>(in.data() + i * sizeof(std::uint16_t)));
}

void decode_packed(std::span<const std::byte> in, const Range& range, int bits, std::span<float> out) {
  const int levels = (1 << bits) - 1;
  std::array<float, 1 << kWidestPacked> level_of{};
  for (int k = 0; k <= levels; ++k) level_of[static_cast<std::size_t>(k)] = level(range, levels, k);
  const auto known = std::span(level_of).first(static_cast<std::size_t>(levels) + 1);
  std::array<std::uint8_t, kBlock> codes;
  for (std::size_t i = 0; i < out.size(); i += kBlock) {
    const std::size_t n = std::min(kBlock, out.size() - i);
    const auto block = in.subspan(packed_bytes(i, bits), packed_bytes(n, bits));
    simd::unpack(block, bits, std::span(codes).first(n));
    simd::look_up(std::span(codes).first(n), known, out.subspan(i, n));
  }
}

Result<void> decode_group(std::span<const std::byte> in, int bits, std::span<float> out) {
  const Range range{load_le<float>(in.data()), load_le<float>(in.data() + sizeof(float))};
  if (!std::isfinite(range.lo) || !std::isfinite(range.hi) || range.lo > range.hi)
    return Error{fmt::format("decoding a tensor: range {} .. {}", range.lo, range.hi)};
  in = in.subspan(kSideBytes);
  if (bits == kWidest) {
    decode_wide(in, range, out);
    return {};
  }
  if (!padding_is_zero(in, bits, out.size())) return Error{"decoding a tensor: padding bits that are not 0"};
  decode_packed(in, range, bits, out);
  return {};
}

}  // namespace

Range whole_range(const RangeRequest& request) { return request.finite.range; }

RangeCodec::RangeCodec(RangeCodecKind kind, ScaleScope scope) : kind_(kind), scope_(scope) {
  MR_CHECK(scope != ScaleScope::none && kind.rule != nullptr);
}

void RangeCodec::encode(const TensorView& tensor, Budget budget, Buffer& out) const {
  check_tensor(tensor);
  const int bits = width_of(budget);
  const Groups groups = groups_of(tensor.shape, scope_);
  append_header({.codec = kind_.id,
                 .bits = bits,
                 .role = tensor.role,
                 .scope = scope_,
                 .shape = tensor.shape,
                 .payload_bytes = payload_bytes(groups, bits)},
                out);
  const std::size_t start = out.size(), bytes = kSideBytes + code_bytes(groups.values, bits);
  out.resize(start + groups.count * bytes);
  const auto to = std::span(out).subspan(start);
  for (std::size_t g = 0; g < groups.count; ++g) {
    const auto values = tensor.values.subspan(g * groups.values, groups.values);
    const RangeRequest request{
        .values = values, .finite = simd::finite_range(values), .bits = bits, .role = tensor.role};
    encode_group(request, kind_.rule(request), to.subspan(g * bytes, bytes));
  }
}

Bytes RangeCodec::predicted_size(const TensorShape& shape, TensorRole /*role*/, Budget budget) const {
  return Bytes(
      static_cast<std::int64_t>(kHeaderBytes + payload_bytes(groups_of(shape, scope_), width_of(budget))));
}

double RangeCodec::bit_width(Budget budget) const { return width_of(budget); }

Result<void> decode_ranges(const EncodingHeader& header, std::span<const std::byte> payload,
                           std::span<float> out) {
  const int bits = header.bits;
  if ((bits < kNarrowest || bits > kWidestPacked) && bits != kWidest)
    return Error{fmt::format("decoding a tensor: this codec has {} to {} or {} bits, not {}", kNarrowest,
                             kWidestPacked, kWidest, bits)};
  if (header.scope == ScaleScope::none)
    return Error{"decoding a tensor: scope 0, this codec has 1 (image), 2 (token) and 3 (tensor)"};
  const Groups groups = groups_of(header.shape, header.scope);
  auto checked = check_encoding(
      header, {.bits = bits, .scope = header.scope, .payload_bytes = payload_bytes(groups, bits)});
  if (!checked) return checked;
  const std::size_t bytes = kSideBytes + code_bytes(groups.values, bits);
  for (std::size_t g = 0; g < groups.count; ++g) {
    const auto in = payload.subspan(g * bytes, bytes);
    if (auto decoded = decode_group(in, bits, out.subspan(g * groups.values, groups.values)); !decoded)
      return decoded;
  }
  return {};
}

}  // namespace millrace
