#include "runtime/codec/sixteen_bit_codec.hpp"

#include "runtime/base/check.hpp"
#include "runtime/codec/bfloat16.hpp"
#include "runtime/codec/half.hpp"
#include "runtime/codec/little_endian.hpp"

namespace millrace {

struct Fp16 {
  static constexpr std::string_view kName = "fp16";
  static constexpr CodecId kId = CodecId::fp16;
  static std::uint16_t from_float(float x) { return half_from_float(x); }
  static float to_float(std::uint16_t code) { return float_from_half(code); }
};

struct Bf16 {
  static constexpr std::string_view kName = "bf16";
  static constexpr CodecId kId = CodecId::bf16;
  static std::uint16_t from_float(float x) { return bfloat16_from_float(x); }
  static float to_float(std::uint16_t code) { return float_from_bfloat16(code); }
};

namespace {

std::size_t payload_bytes(const TensorShape& shape) {
  return static_cast<std::size_t>(shape.values()) * sizeof(std::uint16_t);
}

}  // namespace

template <class Format>
std::string_view SixteenBitCodec<Format>::name() const {
  return Format::kName;
}

template <class Format>
void SixteenBitCodec<Format>::encode(const TensorView& tensor, Budget /*budget*/, Buffer& out) const {
  check_tensor(tensor);
  const std::size_t bytes = payload_bytes(tensor.shape);
  append_header({.codec = Format::kId,
                 .bits = 16,
                 .role = tensor.role,
                 .scope = ScaleScope::none,
                 .shape = tensor.shape,
                 .payload_bytes = bytes},
                out);
  const std::size_t start = out.size();
  out.resize(start + bytes);
  std::byte* to = out.data() + start;
  const std::span<const float> values = tensor.values;  // bytes may alias the view itself: read it once
  for (std::size_t i = 0; i < values.size(); ++i) store_le(to + 2 * i, Format::from_float(values[i]));
}

template <class Format>
Bytes SixteenBitCodec<Format>::predicted_size(const TensorShape& shape, TensorRole /*role*/,
                                              Budget /*budget*/) const {
  MR_CHECK(within_limits(shape));
  return Bytes(static_cast<std::int64_t>(kHeaderBytes + payload_bytes(shape)));
}

template <class Format>
double SixteenBitCodec<Format>::bit_width(Budget /*budget*/) const {
  return 16;
}

template <class Format>
Result<void> decode_sixteen_bit(const EncodingHeader& header, std::span<const std::byte> payload,
                                std::span<float> out) {
  auto checked = check_encoding(
      header, {.bits = 16, .scope = ScaleScope::none, .payload_bytes = payload_bytes(header.shape)});
  if (!checked) return checked;
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = Format::to_float(load_le<std::uint16_t>(payload.data() + 2 * i));
  return checked;
}

template class SixteenBitCodec<Fp16>;
template class SixteenBitCodec<Bf16>;
template Result<void> decode_sixteen_bit<Fp16>(const EncodingHeader&, std::span<const std::byte>,
                                               std::span<float>);
template Result<void> decode_sixteen_bit<Bf16>(const EncodingHeader&, std::span<const std::byte>,
                                               std::span<float>);

}  // namespace millrace
