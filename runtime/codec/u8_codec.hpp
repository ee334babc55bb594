// u8: pixels, one byte each. Lossless for the integers 0..255. Everything else is brought there: rounded to
// the nearest integer, halves up (so 254.5 becomes 255), clamped to 0..255; -inf becomes 0, +inf 255, NaN 0.
// Payload: values bytes, no side information. The budget is not looked at.
#pragma once

#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"

namespace millrace {

class U8Codec final : public Codec {
 public:
  std::string_view name() const override { return "u8"; }
  void encode(const TensorView& tensor, Budget budget, Buffer& out) const override;
  Bytes predicted_size(const TensorShape& shape, TensorRole role, Budget budget) const override;
  double bit_width(Budget budget) const override;
};

// The payload behind a header that read_header accepted. REQUIRES out.size() == header.shape.values().
Result<void> decode_u8(const EncodingHeader& header, std::span<const std::byte> payload,
                       std::span<float> out);

}  // namespace millrace
