// Floats of 6 and 4 bits with one scale per group of values; measured to be near lossless on ViT, where even
// levels of the same width are not (PipeEdge's follow-up measurements: 6 bits with 4 exponent bits and no
// clipping, 4 bits with 3 exponent bits and clipping). The formats are those of minifloat.hpp; that
// publication fixes only the number of exponent bits, so bias, subnormals, scale and rounding here are our
// choice.
//   fp6       1 sign, 4 exponent, 1 mantissa bit
//   fp4       1 sign, 3 exponent, 0 mantissa bits
//   fp4-clip  fp4 clipped to ±alpha where `aciq` clips at 4 bits (aciq.hpp): our assumption
//
// Payload, per group of n values:   scale fp32 | codes, ceil(n·bits/8) bytes, packed as bit_packing.hpp says
// scale is the largest finite |x| of the group, at most alpha; it maps to the format's largest value, so that
// code c stands for the float nearest to ±scale·magnitude(c)/largest, in double. With M mantissa bits, a
// finite x of at most the scale errs by
//     |x - x'| <= 2^-(M+1) · max(|x|, scale·2^(1-bias)/largest) + 2^-22 |x| + 2^-149
//   beyond the scale    ±scale; so do infinities
//   NaN                 0
//   no finite value     scale 0: all zeros
// A tensor without values has an empty payload. The budget is ignored. decode refuses a scale that is
// not finite or has its sign set, and padding bits that are not 0.
#pragma once

#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"
#include "runtime/codec/minifloat.hpp"

namespace millrace {

inline constexpr MinifloatFormat kFp6{.exponent_bits = 4, .mantissa_bits = 1};
inline constexpr MinifloatFormat kFp4{.exponent_bits = 3, .mantissa_bits = 0};

struct MinifloatKind {
  std::string_view name;
  CodecId id = CodecId::fp6;
  MinifloatFormat format;
  bool clipping = false;
};

class MinifloatCodec final : public Codec {
 public:
  // REQUIRES scope != none.
  MinifloatCodec(MinifloatKind kind, ScaleScope scope);
  std::string_view name() const override { return kind_.name; }
  void encode(const TensorView& tensor, Budget budget, Buffer& out) const override;
  Bytes predicted_size(const TensorShape& shape, TensorRole role, Budget budget) const override;
  double bit_width(Budget budget) const override;

 private:
  MinifloatKind kind_;
  ScaleScope scope_;
};

// The payload behind a header that read_header accepted. REQUIRES out.size() == header.shape.values().
Result<void> decode_minifloats(const MinifloatFormat& format, const EncodingHeader& header,
                               std::span<const std::byte> payload, std::span<float> out);

}  // namespace millrace
