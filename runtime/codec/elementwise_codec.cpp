#include "runtime/codec/elementwise_codec.hpp"

#include "runtime/base/check.hpp"
#include "runtime/codec/bfloat16.hpp"
#include "runtime/codec/half.hpp"
#include "runtime/codec/little_endian.hpp"

namespace millrace {

struct Fp16 {
  static constexpr std::string_view kName = "fp16";
  static constexpr CodecId kId = CodecId::fp16;
  static constexpr std::size_t kBytes = 2;
  static void store(std::byte* to, float x) { store_le(to, half_from_float(x)); }
  static float load(const std::byte* from) { return float_from_half(load_le<std::uint16_t>(from)); }
};

struct Bf16 {
  static constexpr std::string_view kName = "bf16";
  static constexpr CodecId kId = CodecId::bf16;
  static constexpr std::size_t kBytes = 2;
  static void store(std::byte* to, float x) { store_le(to, bfloat16_from_float(x)); }
  static float load(const std::byte* from) { return float_from_bfloat16(load_le<std::uint16_t>(from)); }
};

namespace {

// The nearest of the whole numbers 0..2^(8·bytes) - 1, halves up.
template <std::size_t bytes>
struct WholeNumber {
  static constexpr std::size_t kBytes = bytes;
  static void store(std::byte* to, float x) {
    constexpr auto largest = static_cast<float>((1u << (8 * bytes)) - 1);
    const float above = x > 0 ? x : 0;  // NaN compares false and becomes 0
    const float within = above < largest ? above : largest;
    // Twice the fraction, truncated, is 1 for a fraction of a half or more; x + 0.5 would round the largest
    // float below 0.5 up to 1.
    const int whole = static_cast<int>(within);
    const int number = whole + static_cast<int>((within - static_cast<float>(whole)) * 2);
    for (std::size_t i = 0; i < bytes; ++i) to[i] = static_cast<std::byte>(number >> (8 * i));
  }
  static float load(const std::byte* from) {
    int number = 0;
    for (std::size_t i = 0; i < bytes; ++i) number |= static_cast<int>(from[i]) << (8 * i);
    return static_cast<float>(number);
  }
};

}  // namespace

struct U8 : WholeNumber<1> {
  static constexpr std::string_view kName = "u8";
  static constexpr CodecId kId = CodecId::u8;
};

struct U24 : WholeNumber<3> {
  static constexpr std::string_view kName = "u24";
  static constexpr CodecId kId = CodecId::u24;
};

namespace {

template <class Format>
constexpr int kBits = 8 * static_cast<int>(Format::kBytes);

template <class Format>
std::size_t payload_bytes(const TensorShape& shape) {
  return static_cast<std::size_t>(shape.values()) * Format::kBytes;
}

}  // namespace

template <class Format>
std::string_view ElementwiseCodec<Format>::name() const {
  return Format::kName;
}

template <class Format>
void ElementwiseCodec<Format>::encode(const TensorView& tensor, Budget /*budget*/, Buffer& out) const {
  check_tensor(tensor);
  const std::size_t bytes = payload_bytes<Format>(tensor.shape);
  append_header({.codec = Format::kId,
                 .bits = kBits<Format>,
                 .role = tensor.role,
                 .scope = ScaleScope::none,
                 .shape = tensor.shape,
                 .payload_bytes = bytes},
                out);
  const std::size_t start = out.size();
  out.resize(start + bytes);
  std::byte* to = out.data() + start;
  const std::span<const float> values = tensor.values;  // a copy: for the compiler, `to` may alias the view
  for (std::size_t i = 0; i < values.size(); ++i) Format::store(to + Format::kBytes * i, values[i]);
}

template <class Format>
Bytes ElementwiseCodec<Format>::predicted_size(const TensorShape& shape, TensorRole /*role*/,
                                               Budget /*budget*/) const {
  MR_CHECK(within_limits(shape));
  return Bytes(static_cast<std::int64_t>(kHeaderBytes + payload_bytes<Format>(shape)));
}

template <class Format>
double ElementwiseCodec<Format>::bit_width(Budget /*budget*/) const {
  return kBits<Format>;
}

template <class Format>
Result<void> decode_elementwise(const EncodingHeader& header, std::span<const std::byte> payload,
                                std::span<float> out) {
  auto checked = check_encoding(header, {.bits = kBits<Format>,
                                         .scope = ScaleScope::none,
                                         .payload_bytes = payload_bytes<Format>(header.shape)});
  if (!checked) return checked;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = Format::load(payload.data() + Format::kBytes * i);
  return checked;
}

#define MILLRACE_ELEMENTWISE(Format)                                                                  \
  template class ElementwiseCodec<Format>;                                                            \
  template Result<void> decode_elementwise<Format>(const EncodingHeader&, std::span<const std::byte>, \
                                                   std::span<float>)
MILLRACE_ELEMENTWISE(Fp16);
MILLRACE_ELEMENTWISE(Bf16);
MILLRACE_ELEMENTWISE(U8);
MILLRACE_ELEMENTWISE(U24);
#undef MILLRACE_ELEMENTWISE

}  // namespace millrace
