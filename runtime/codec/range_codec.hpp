// Codecs with even levels between two ends: 2..8 or 16 bits per value. They differ only in how the ends of a
// group of values are chosen (RangeRule); the group is a tensor, an image or a token (ScaleScope). The side
// information is lo and hi, not lo and a step: so both ends and constant groups are exact and no range
// overflows, at the same 8 bytes.
//
//   uniform   ("naive" in the literature) the smallest and the largest finite value
//   aciq, aciq-gauss, ds-aciq   the same two values, clipped: aciq.hpp, ds_aciq.hpp
//
// Payload, per group of n values:   lo fp32 | hi fp32 | codes, ceil(n·bits/8) bytes
// Codes are packed as in bit_packing.hpp; codes of 16 bits are little-endian numbers. A code of 3 bits takes
// 3 bits. A tensor without values has no groups and an empty payload.
//
// With L = 2^bits - 1, level k is the float nearest to (lo·(L-k) + hi·k) / L, evaluated in double: both
// products are exact, so a fused multiply-add gives the same result. A finite x within lo..hi takes the
// nearest level, an x outside takes the nearer end (quantizer.hpp):
//     |x - x'| <= (hi - lo)/L/2 · (1 + e) + ulp(max(|lo|, |hi|)),   e = 2^-12, at 16 bits 2^-4
// (the first term's excess and the second are float rounding in encoder and decoder).
//   constant group         decoded exactly (-0 may come back as 0)
//   +inf, -inf             hi, lo
//   NaN                    the level nearest to 0
//   no finite value at all lo = hi = 0: all zeros
// The width is the widest that is not above the budget, but at least 2; side information comes on top (64/n
// bits per value) and is part of predicted_size. decode refuses lo or hi that are not finite, lo > hi, and
// padding bits that are not 0.
#pragma once

#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"
#include "runtime/codec/scalar_kernels.hpp"

namespace millrace {

// One group of values, for which a RangeRule chooses the range.
struct RangeRequest {
  std::span<const float> values;
  FiniteRange finite;  // of these values
  int bits = 0;
  TensorRole role = TensorRole::residual;
};
// ENSURES lo <= hi, both finite.
using RangeRule = Range (*)(const RangeRequest& request);

struct RangeCodecKind {
  std::string_view name;
  CodecId id = CodecId::uniform;
  RangeRule rule = nullptr;
};

class RangeCodec final : public Codec {
 public:
  // REQUIRES scope != none.
  RangeCodec(RangeCodecKind kind, ScaleScope scope);
  std::string_view name() const override { return kind_.name; }
  void encode(const TensorView& tensor, Budget budget, Buffer& out) const override;
  Bytes predicted_size(const TensorShape& shape, TensorRole role, Budget budget) const override;
  // REQUIRES that the budget is not NaN.
  double bit_width(Budget budget) const override;

 private:
  RangeCodecKind kind_;
  ScaleScope scope_;
};

Range whole_range(const RangeRequest& request);

// The payload behind a header that read_header accepted. REQUIRES out.size() == header.shape.values().
Result<void> decode_ranges(const EncodingHeader& header, std::span<const std::byte> payload,
                           std::span<float> out);

}  // namespace millrace
