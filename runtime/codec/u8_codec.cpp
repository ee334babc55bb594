#include "runtime/codec/u8_codec.hpp"

namespace millrace {

namespace {

std::size_t payload_bytes(const TensorShape& shape) { return static_cast<std::size_t>(shape.values()); }

std::byte pixel(float x) {
  const float above = x > 0 ? x : 0;  // NaN compares false and becomes 0
  const float within = above < 255 ? above : 255;
  // Twice the fraction, truncated, is 1 from a half on; x + 0.5 would make 1 of the largest float below 0.5.
  const int whole = static_cast<int>(within);
  const int up = static_cast<int>((within - static_cast<float>(whole)) * 2);
  return static_cast<std::byte>(whole + up);
}

}  // namespace

void U8Codec::encode(const TensorView& tensor, Budget /*budget*/, Buffer& out) const {
  check_tensor(tensor);
  const std::size_t bytes = payload_bytes(tensor.shape);
  append_header({.codec = CodecId::u8,
                 .bits = 8,
                 .role = tensor.role,
                 .scope = ScaleScope::none,
                 .shape = tensor.shape,
                 .payload_bytes = bytes},
                out);
  const std::size_t start = out.size();
  out.resize(start + bytes);
  std::byte* to = out.data() + start;
  const float* from = tensor.values.data();  // bytes may alias the view itself: read it once
  for (std::size_t i = 0; i < bytes; ++i) to[i] = pixel(from[i]);
}

Bytes U8Codec::predicted_size(const TensorShape& shape, TensorRole /*role*/, Budget /*budget*/) const {
  MR_CHECK(within_limits(shape));
  return Bytes(static_cast<std::int64_t>(kHeaderBytes + payload_bytes(shape)));
}

double U8Codec::bit_width(Budget /*budget*/) const { return 8; }

Result<void> decode_u8(const EncodingHeader& header, std::span<const std::byte> payload,
                       std::span<float> out) {
  auto checked = check_encoding(
      header, {.bits = 8, .scope = ScaleScope::none, .payload_bytes = payload_bytes(header.shape)});
  if (!checked) return checked;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(static_cast<int>(payload[i]));
  return checked;
}

}  // namespace millrace
