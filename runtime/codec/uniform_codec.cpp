#include "runtime/codec/uniform_codec.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "runtime/base/check.hpp"
#include "runtime/codec/bit_packing.hpp"
#include "runtime/codec/little_endian.hpp"

namespace millrace {

namespace {

constexpr int kNarrowest = 2, kWidest = 8;
constexpr std::size_t kSideBytes = 2 * sizeof(float);  // lo, hi
constexpr std::size_t kBlock = 4096;                   // values quantized, then packed; a multiple of 8

struct Range {
  float lo = 0, hi = 0;
};

int width_of(Budget budget) {
  MR_CHECK(!std::isnan(budget.bits_per_value));
  return static_cast<int>(std::clamp(std::floor(budget.bits_per_value), double{kNarrowest}, double{kWidest}));
}

std::size_t values_per_image(const TensorShape& shape) {
  return static_cast<std::size_t>(shape.rows) * static_cast<std::size_t>(shape.width);
}

std::size_t image_bytes(const TensorShape& shape, int bits) {
  return kSideBytes + packed_bytes(values_per_image(shape), bits);
}

std::size_t payload_bytes(const TensorShape& shape, int bits) {
  return static_cast<std::size_t>(shape.images) * image_bytes(shape, bits);
}

// Bit patterns of floats as integers of the same order (-0 just below 0), because compilers vectorise minima
// of integers and not those of floats. Its own inverse.
constexpr std::int32_t ordered(std::int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }

Range finite_range(std::span<const float> values) {
  constexpr std::int32_t kMagnitude = 0x7fffffff, kInfinity = 0x7f800000;
  std::int32_t lo = std::numeric_limits<std::int32_t>::max(), hi = std::numeric_limits<std::int32_t>::min();
  for (const float x : values) {
    const auto bits = std::bit_cast<std::int32_t>(x);
    const std::int32_t finite = -static_cast<std::int32_t>((bits & kMagnitude) < kInfinity);  // all ones or 0
    const std::int32_t key = ordered(bits) & finite;
    const std::int32_t below = key | (std::numeric_limits<std::int32_t>::max() & ~finite);
    const std::int32_t above = key | (std::numeric_limits<std::int32_t>::min() & ~finite);
    lo = below < lo ? below : lo;
    hi = above > hi ? above : hi;
  }
  if (lo > hi) return {};
  return {std::bit_cast<float>(ordered(lo)), std::bit_cast<float>(ordered(hi))};
}

float level(const Range& range, int levels, int k) {
  return static_cast<float>((double{range.lo} * (levels - k) + double{range.hi} * k) / levels);
}

// x becomes (x·scale - offset)·per_step, rounded. `scale` is a power of two that keeps the difference from
// overflowing and per_step finite; it is 1 for every range a network produces.
struct Quantizer {
  float scale = 1, offset = 0, per_step = 0, last = 0, nan_code = 0;

  Quantizer(const Range& range, int levels) : last(static_cast<float>(levels)) {
    const double width = double{range.hi} - double{range.lo};
    if (width > 0x1p126) scale = 0.25F;
    if (width < 0x1p-90) scale = 0x1p64F;
    if (width == 0) scale = 1;
    offset = range.lo * scale;
    if (width > 0) per_step = static_cast<float>(levels / (width * double{scale}));
    if (width > 0) nan_code = std::clamp(nearest(0.0F), 0.0F, last);
  }

  float nearest(float x) const { return (x * scale - offset) * per_step; }

  std::uint8_t code(float x) const {
    float t = nearest(x);
    t = x == x ? t : nan_code;  // NOLINT(misc-redundant-expression): false for NaN only
    t = t > 0 ? t : 0;          // also where infinity met per_step 0
    t = t < last ? t : last;
    // The nearest but for floats just below a half, which the bound allows for.
    return static_cast<std::uint8_t>(static_cast<int>(t + 0.5F));  // NOLINT(bugprone-incorrect-roundings)
  }
};

void encode_image(std::span<const float> values, int bits, std::byte* to) {
  const Range range = finite_range(values);
  store_le(to, range.lo);
  store_le(to + sizeof(float), range.hi);
  to += kSideBytes;
  const Quantizer quantizer(range, (1 << bits) - 1);
  std::array<std::uint8_t, kBlock> codes;
  for (std::size_t i = 0; i < values.size(); i += kBlock) {
    const std::size_t n = std::min(kBlock, values.size() - i);
    for (std::size_t j = 0; j < n; ++j) codes[j] = quantizer.code(values[i + j]);
    const std::size_t bytes = packed_bytes(n, bits);
    pack_bits(std::span(codes).first(n), bits, {to, bytes});
    to += bytes;
  }
}

Result<void> decode_image(std::span<const std::byte> in, int bits, std::span<float> out) {
  const Range range{load_le<float>(in.data()), load_le<float>(in.data() + sizeof(float))};
  if (!std::isfinite(range.lo) || !std::isfinite(range.hi) || range.lo > range.hi)
    return Error{fmt::format("decoding a tensor: range {} .. {} of an image", range.lo, range.hi)};
  in = in.subspan(kSideBytes);
  if (!padding_is_zero(in, bits, out.size())) return Error{"decoding a tensor: padding bits that are not 0"};
  const int levels = (1 << bits) - 1;
  std::array<float, 1 << kWidest> level_of{};
  for (int k = 0; k <= levels; ++k) level_of[static_cast<std::size_t>(k)] = level(range, levels, k);
  std::array<std::uint8_t, kBlock> codes;
  for (std::size_t i = 0; i < out.size(); i += kBlock) {
    const std::size_t n = std::min(kBlock, out.size() - i);
    const std::size_t bytes = packed_bytes(n, bits);
    unpack_bits(in.first(bytes), bits, std::span(codes).first(n));
    for (std::size_t j = 0; j < n; ++j) out[i + j] = level_of[codes[j]];
    in = in.subspan(bytes);
  }
  return {};
}

}  // namespace

void UniformCodec::encode(const TensorView& tensor, Budget budget, Buffer& out) const {
  check_tensor(tensor);
  const int bits = width_of(budget);
  const std::size_t bytes = payload_bytes(tensor.shape, bits);
  append_header({.codec = CodecId::uniform,
                 .bits = bits,
                 .role = tensor.role,
                 .scope = ScaleScope::image,
                 .shape = tensor.shape,
                 .payload_bytes = bytes},
                out);
  const std::size_t start = out.size(), n = values_per_image(tensor.shape);
  out.resize(start + bytes);
  std::byte* to = out.data() + start;
  for (std::size_t i = 0; i < static_cast<std::size_t>(tensor.shape.images); ++i) {
    encode_image(tensor.values.subspan(i * n, n), bits, to);
    to += image_bytes(tensor.shape, bits);
  }
}

Bytes UniformCodec::predicted_size(const TensorShape& shape, TensorRole /*role*/, Budget budget) const {
  MR_CHECK(within_limits(shape));
  return Bytes(static_cast<std::int64_t>(kHeaderBytes + payload_bytes(shape, width_of(budget))));
}

double UniformCodec::bit_width(Budget budget) const { return width_of(budget); }

Result<void> decode_uniform(const EncodingHeader& header, std::span<const std::byte> payload,
                            std::span<float> out) {
  const int bits = header.bits;
  if (bits < kNarrowest || bits > kWidest)
    return Error{
        fmt::format("decoding a tensor: uniform has {} to {} bits, not {}", kNarrowest, kWidest, bits)};
  const std::size_t image = image_bytes(header.shape, bits), n = values_per_image(header.shape);
  auto checked = check_encoding(
      header, {.bits = bits, .scope = ScaleScope::image, .payload_bytes = payload_bytes(header.shape, bits)});
  if (!checked) return checked;
  for (std::size_t i = 0; i < static_cast<std::size_t>(header.shape.images); ++i)
    if (auto decoded = decode_image(payload.subspan(i * image, image), bits, out.subspan(i * n, n)); !decoded)
      return decoded;
  return {};
}

}  // namespace millrace
