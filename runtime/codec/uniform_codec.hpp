// uniform ("naive" in the literature): 2..8 bits per value, evenly spaced levels between the smallest and the
// largest finite value of each image. The side information is lo and hi, not lo and a step: so both ends and
// constant images are exact and no range overflows, at the same 8 bytes.
//
// Payload, per image of n = rows·width values:   lo fp32 | hi fp32 | codes, ceil(n·bits/8) bytes
// Codes are packed as bit_packing.hpp says; 3 bits cost 3 bits.
//
// With L = 2^bits - 1, level k is the float nearest to (lo·(L-k) + hi·k) / L, evaluated in double: both
// products are exact, so a fused multiply-add gives the same result. A finite x takes the nearest level:
//     |x - x'| <= (hi - lo)/L/2 · (1 + 2^-12) + ulp(max(|lo|, |hi|))
// (the first term's excess and the second are float rounding in encoder and decoder).
//   constant image         decoded exactly (-0 may come back as 0)
//   +inf, -inf             hi, lo
//   NaN                    the level nearest to 0
//   no finite value at all lo = hi = 0: all zeros
//   n = 0                  lo = hi = 0, no codes
// The width is the widest that is not above the budget, 2 at least, 8 at most; side information comes on top
// (64/n bits per value) and is in predicted_size. decode refuses lo or hi that are not finite, lo > hi, and
// padding bits that are not 0.
#pragma once

#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"

namespace millrace {

class UniformCodec final : public Codec {
 public:
  std::string_view name() const override { return "uniform"; }
  void encode(const TensorView& tensor, Budget budget, Buffer& out) const override;
  Bytes predicted_size(const TensorShape& shape, TensorRole role, Budget budget) const override;
  // REQUIRES that the budget is not NaN.
  double bit_width(Budget budget) const override;
};

// The payload behind a header that read_header accepted. REQUIRES out.size() == header.shape.values().
Result<void> decode_uniform(const EncodingHeader& header, std::span<const std::byte> payload,
                            std::span<float> out);

}  // namespace millrace
