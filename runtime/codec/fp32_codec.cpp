#include "runtime/codec/fp32_codec.hpp"

#include <cstring>

#include "runtime/codec/little_endian.hpp"

namespace millrace {

namespace {

std::size_t payload_bytes(const TensorShape& shape) {
  return static_cast<std::size_t>(shape.values()) * sizeof(float);
}

}  // namespace

void Fp32Codec::encode(const TensorView& tensor, Budget /*budget*/, Buffer& out) const {
  check_tensor(tensor);
  const std::size_t bytes = payload_bytes(tensor.shape);
  out.reserve(out.size() + kHeaderBytes + bytes);
  append_header({.codec = CodecId::fp32,
                 .bits = 32,
                 .role = tensor.role,
                 .scope = ScaleScope::none,
                 .shape = tensor.shape,
                 .payload_bytes = bytes},
                out);
  const auto source = std::as_bytes(tensor.values);
  out.insert(out.end(), source.begin(), source.end());
}

Bytes Fp32Codec::predicted_size(const TensorShape& shape, TensorRole /*role*/, Budget /*budget*/) const {
  MR_CHECK(within_limits(shape));
  return Bytes(static_cast<std::int64_t>(kHeaderBytes + payload_bytes(shape)));
}

double Fp32Codec::bit_width(Budget /*budget*/) const { return 32; }

Result<void> decode_fp32(const EncodingHeader& header, std::span<const std::byte> payload,
                         std::span<float> out) {
  auto checked = check_encoding(
      header, {.bits = 32, .scope = ScaleScope::none, .payload_bytes = payload_bytes(header.shape)});
  if (checked && !out.empty()) std::memcpy(out.data(), payload.data(), payload.size());
  return checked;
}

}  // namespace millrace
