// fp16: IEEE 754 binary16, 2 bytes per value, little-endian, rounded as half.hpp says: |x - x'| is at most
// 2^-11 |x| for 2^-14 <= |x| <= 65504 and at most 2^-25 below; finite values beyond saturate at ±65504;
// infinities stay, NaN stays NaN. Payload: values·2 bytes, no side information. The budget is not looked at.
#pragma once

#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"

namespace millrace {

class Fp16Codec final : public Codec {
 public:
  std::string_view name() const override { return "fp16"; }
  void encode(const TensorView& tensor, Budget budget, Buffer& out) const override;
  Bytes predicted_size(const TensorShape& shape, TensorRole role, Budget budget) const override;
  double bit_width(Budget budget) const override;
};

// The payload behind a header that read_header accepted. REQUIRES out.size() == header.shape.values().
Result<void> decode_fp16(const EncodingHeader& header, std::span<const std::byte> payload,
                         std::span<float> out);

}  // namespace millrace
