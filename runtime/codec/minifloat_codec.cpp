#include "runtime/codec/minifloat_codec.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "runtime/base/check.hpp"
#include "runtime/codec/aciq.hpp"
#include "runtime/codec/bit_packing.hpp"
#include "runtime/codec/little_endian.hpp"
#include "runtime/codec/simd_kernels.hpp"

namespace millrace {

namespace {

constexpr std::size_t kSideBytes = sizeof(float);  // scale
constexpr std::size_t kBlock = 4096;               // a multiple of 8

std::size_t group_bytes(const Groups& groups, const MinifloatFormat& format) {
  return kSideBytes + packed_bytes(groups.values, format.bits());
}

float scale_of(const MinifloatKind& kind, std::span<const float> values, TensorRole role) {
  const FiniteRange finite = simd::finite_range(values);
  const RangeRequest request{.values = values, .finite = finite, .bits = kind.format.bits(), .role = role};
  const Range range = kind.clipping ? aciq_range(request) : finite.range;
  return std::max(std::abs(range.lo), std::abs(range.hi));
}

void encode_group(std::span<const float> values, const MinifloatFormat& format, float scale,
                  std::span<std::byte> to) {
  store_le(to.data(), scale);
  to = to.subspan(kSideBytes);
  const double factor = scale > 0 ? format.largest() / double{scale} : 0;
  const double largest = format.largest();
  const auto code = [&](float x) {
    const double y = std::min(std::abs(double{x}) * factor, largest);  // NaN stays NaN
    const unsigned magnitude = y > 0 ? format.nearest(static_cast<float>(y)) : 0U;
    return static_cast<std::uint8_t>((std::signbit(x) ? format.magnitudes() : 0U) | magnitude);
  };
  std::array<std::uint8_t, kBlock> codes;
  for (std::size_t i = 0; i < values.size(); i += kBlock) {
    const std::size_t n = std::min(kBlock, values.size() - i);
    std::ranges::transform(values.subspan(i, n), codes.begin(), code);
    const std::size_t bytes = packed_bytes(n, format.bits());
    simd::pack(std::span(codes).first(n), format.bits(), to.first(bytes));
    to = to.subspan(bytes);
  }
}

Result<void> decode_group(std::span<const std::byte> in, const MinifloatFormat& format,
                          std::span<float> out) {
  const auto scale = load_le<float>(in.data());
  if (!std::isfinite(scale) || std::signbit(scale))
    return Error{fmt::format("decoding a tensor: scale {}", scale)};
  in = in.subspan(kSideBytes);
  const int bits = format.bits();
  if (!padding_is_zero(in, bits, out.size())) return Error{"decoding a tensor: padding bits that are not 0"};
  std::array<float, 64> levels{};
  MR_CHECK(2 * format.magnitudes() <= levels.size());
  for (unsigned c = 0; c < format.magnitudes(); ++c) {
    levels[c] = static_cast<float>(double{scale} * format.magnitude(c) / format.largest());
    levels[format.magnitudes() + c] = -levels[c];
  }
  std::array<std::uint8_t, kBlock> codes;
  for (std::size_t i = 0; i < out.size(); i += kBlock) {
    const std::size_t n = std::min(kBlock, out.size() - i);
    simd::unpack(in.subspan(packed_bytes(i, bits), packed_bytes(n, bits)), bits, std::span(codes).first(n));
    simd::look_up(std::span(codes).first(n), std::span(levels).first(2 * format.magnitudes()),
                  out.subspan(i, n));
  }
  return {};
}

}  // namespace

MinifloatCodec::MinifloatCodec(MinifloatKind kind, ScaleScope scope) : kind_(kind), scope_(scope) {
  MR_CHECK(scope != ScaleScope::none);
}

void MinifloatCodec::encode(const TensorView& tensor, Budget /*budget*/, Buffer& out) const {
  check_tensor(tensor);
  const Groups groups = groups_of(tensor.shape, scope_);
  const std::size_t bytes = group_bytes(groups, kind_.format);
  append_header({.codec = kind_.id,
                 .bits = kind_.format.bits(),
                 .role = tensor.role,
                 .scope = scope_,
                 .shape = tensor.shape,
                 .payload_bytes = groups.count * bytes},
                out);
  const std::size_t start = out.size();
  out.resize(start + groups.count * bytes);
  for (std::size_t g = 0; g < groups.count; ++g) {
    const auto values = tensor.values.subspan(g * groups.values, groups.values);
    encode_group(values, kind_.format, scale_of(kind_, values, tensor.role),
                 std::span(out).subspan(start + g * bytes, bytes));
  }
}

Bytes MinifloatCodec::predicted_size(const TensorShape& shape, TensorRole /*role*/, Budget /*budget*/) const {
  const Groups groups = groups_of(shape, scope_);
  return Bytes(static_cast<std::int64_t>(kHeaderBytes + groups.count * group_bytes(groups, kind_.format)));
}

double MinifloatCodec::bit_width(Budget /*budget*/) const { return kind_.format.bits(); }

Result<void> decode_minifloats(const MinifloatFormat& format, const EncodingHeader& header,
                               std::span<const std::byte> payload, std::span<float> out) {
  if (header.scope == ScaleScope::none)
    return Error{"decoding a tensor: scope 0, this codec has 1 (image), 2 (token) and 3 (tensor)"};
  const Groups groups = groups_of(header.shape, header.scope);
  const std::size_t bytes = group_bytes(groups, format);
  auto checked = check_encoding(
      header, {.bits = format.bits(), .scope = header.scope, .payload_bytes = groups.count * bytes});
  if (!checked) return checked;
  for (std::size_t g = 0; g < groups.count; ++g) {
    const auto in = payload.subspan(g * bytes, bytes);
    if (auto decoded = decode_group(in, format, out.subspan(g * groups.values, groups.values)); !decoded)
      return decoded;
  }
  return {};
}

}  // namespace millrace
