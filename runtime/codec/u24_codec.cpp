#include "runtime/codec/u24_codec.hpp"

#include "runtime/base/check.hpp"

namespace millrace {

namespace {

constexpr std::size_t kBytes = 3;
constexpr float kLargest = 16'777'215;  // 2^24 - 1

std::size_t payload_bytes(const TensorShape& shape) {
  return static_cast<std::size_t>(shape.values()) * kBytes;
}

std::uint32_t whole_number(float x) {
  const float above = x > 0 ? x : 0;  // NaN compares false and becomes 0
  const float within = above < kLargest ? above : kLargest;
  // As in u8: twice the fraction, truncated, is 1 from a half on.
  const auto whole = static_cast<std::uint32_t>(within);
  const auto up = static_cast<std::uint32_t>((within - static_cast<float>(whole)) * 2);
  return whole + up;
}

}  // namespace

void U24Codec::encode(const TensorView& tensor, Budget /*budget*/, Buffer& out) const {
  check_tensor(tensor);
  const std::size_t bytes = payload_bytes(tensor.shape);
  append_header({.codec = CodecId::u24,
                 .bits = 24,
                 .role = tensor.role,
                 .scope = ScaleScope::none,
                 .shape = tensor.shape,
                 .payload_bytes = bytes},
                out);
  const std::size_t start = out.size();
  out.resize(start + bytes);
  std::byte* to = out.data() + start;
  for (const float value : tensor.values) {
    const std::uint32_t number = whole_number(value);
    for (std::size_t i = 0; i < kBytes; ++i) *to++ = static_cast<std::byte>(number >> (8 * i));
  }
}

Bytes U24Codec::predicted_size(const TensorShape& shape, TensorRole /*role*/, Budget /*budget*/) const {
  MR_CHECK(within_limits(shape));
  return Bytes(static_cast<std::int64_t>(kHeaderBytes + payload_bytes(shape)));
}

double U24Codec::bit_width(Budget /*budget*/) const { return 24; }

Result<void> decode_u24(const EncodingHeader& header, std::span<const std::byte> payload,
                        std::span<float> out) {
  auto checked = check_encoding(
      header, {.bits = 24, .scope = ScaleScope::none, .payload_bytes = payload_bytes(header.shape)});
  if (!checked) return checked;
  const std::byte* from = payload.data();
  for (float& value : out) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < kBytes; ++i) number |= static_cast<std::uint32_t>(*from++) << (8 * i);
    value = static_cast<float>(number);
  }
  return checked;
}

}  // namespace millrace
