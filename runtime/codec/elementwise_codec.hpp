// Every value by itself in a whole number of bytes, little-endian, without side information. The budget is
// ignored.
//   fp16  IEEE 754 binary16 (half.hpp): |x - x'| is at most 2^-11 |x| for 2^-14 <= |x| <= 65504 and at most
//         2^-25 below. Finite values beyond the largest saturate there, infinities stay, NaN stays NaN.
//   bf16  bfloat16 (bfloat16.hpp): |x - x'| is at most 2^-8 |x| for 2^-126 <= |x| <= (2 - 2^-7)·2^127 and at
//         most 2^-134 below; the rest as in fp16
//   u8    pixels: lossless for the integers 0..255
//   u24   token ids and lengths: lossless for the integers 0..2^24 - 1, up to where fp32 has no gaps
// u8 and u24 round every other value to the nearest integer, halves up, and clamp it; -inf becomes 0, +inf
// the largest integer, NaN 0.
#pragma once

#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"

namespace millrace {

struct Fp16;
struct Bf16;
struct U8;
struct U24;

template <class Format>
class ElementwiseCodec final : public Codec {
 public:
  std::string_view name() const override;
  void encode(const TensorView& tensor, Budget budget, Buffer& out) const override;
  Bytes predicted_size(const TensorShape& shape, TensorRole role, Budget budget) const override;
  double bit_width(Budget budget) const override;
};

// The payload behind a header that read_header accepted. REQUIRES out.size() == header.shape.values().
template <class Format>
Result<void> decode_elementwise(const EncodingHeader& header, std::span<const std::byte> payload,
                                std::span<float> out);

}  // namespace millrace
