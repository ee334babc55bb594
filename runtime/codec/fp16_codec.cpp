#include "runtime/codec/fp16_codec.hpp"

#include "runtime/codec/half.hpp"
#include "runtime/codec/little_endian.hpp"

namespace millrace {

namespace {

std::size_t payload_bytes(const TensorShape& shape) {
  return static_cast<std::size_t>(shape.values()) * sizeof(std::uint16_t);
}

}  // namespace

void Fp16Codec::encode(const TensorView& tensor, Budget /*budget*/, Buffer& out) const {
  check_tensor(tensor);
  const std::size_t bytes = payload_bytes(tensor.shape);
  append_header({.codec = CodecId::fp16,
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
  for (std::size_t i = 0; i < values.size(); ++i) store_le(to + 2 * i, half_from_float(values[i]));
}

Bytes Fp16Codec::predicted_size(const TensorShape& shape, TensorRole /*role*/, Budget /*budget*/) const {
  MR_CHECK(within_limits(shape));
  return Bytes(static_cast<std::int64_t>(kHeaderBytes + payload_bytes(shape)));
}

double Fp16Codec::bit_width(Budget /*budget*/) const { return 16; }

Result<void> decode_fp16(const EncodingHeader& header, std::span<const std::byte> payload,
                         std::span<float> out) {
  auto checked = check_encoding(
      header, {.bits = 16, .scope = ScaleScope::none, .payload_bytes = payload_bytes(header.shape)});
  if (!checked) return checked;
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = float_from_half(load_le<std::uint16_t>(payload.data() + 2 * i));
  return checked;
}

}  // namespace millrace
