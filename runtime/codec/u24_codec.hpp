// u24: whole numbers, three bytes each, little-endian: token ids and lengths. Lossless for the integers
// 0..2^24 - 1, up to where fp32 has no gaps. Everything else is brought there: rounded to the nearest
// integer, halves up, clamped; -inf becomes 0, +inf 2^24 - 1, NaN 0. Payload: 3·values bytes, no side
// information. The budget is not looked at.
#pragma once

#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"

namespace millrace {

class U24Codec final : public Codec {
 public:
  std::string_view name() const override { return "u24"; }
  void encode(const TensorView& tensor, Budget budget, Buffer& out) const override;
  Bytes predicted_size(const TensorShape& shape, TensorRole role, Budget budget) const override;
  double bit_width(Budget budget) const override;
};

// The payload behind a header that read_header accepted. REQUIRES out.size() == header.shape.values().
Result<void> decode_u24(const EncodingHeader& header, std::span<const std::byte> payload,
                        std::span<float> out);

}  // namespace millrace
