// Floats of 16 bits, little-endian, 2 bytes per value, no side information. The budget is not looked at.
// Finite values beyond the largest saturate there, infinities stay, NaN stays NaN.
//   fp16  IEEE 754 binary16 (half.hpp): |x - x'| is at most 2^-11 |x| for 2^-14 <= |x| <= 65504 and at most
//         2^-25 below
//   bf16  bfloat16 (bfloat16.hpp): |x - x'| is at most 2^-8 |x| for 2^-126 <= |x| <= (2 - 2^-7)·2^127 and at
//         most 2^-134 below
#pragma once

#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"

namespace millrace {

struct Fp16;
struct Bf16;

template <class Format>
class SixteenBitCodec final : public Codec {
 public:
  std::string_view name() const override;
  void encode(const TensorView& tensor, Budget budget, Buffer& out) const override;
  Bytes predicted_size(const TensorShape& shape, TensorRole role, Budget budget) const override;
  double bit_width(Budget budget) const override;
};

// The payload behind a header that read_header accepted. REQUIRES out.size() == header.shape.values().
template <class Format>
Result<void> decode_sixteen_bit(const EncodingHeader& header, std::span<const std::byte> payload,
                                std::span<float> out);

}  // namespace millrace
