// fp32: the values' own bits, 4 bytes each, little-endian. Lossless bit for bit: infinities, signed zeros,
// subnormals and NaN payloads are kept. Payload: values·4 bytes. The budget is ignored.
#pragma once

#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"

namespace millrace {

class Fp32Codec final : public Codec {
 public:
  std::string_view name() const override { return "fp32"; }
  void encode(const TensorView& tensor, Budget budget, Buffer& out) const override;
  Bytes predicted_size(const TensorShape& shape, TensorRole role, Budget budget) const override;
  double bit_width(Budget budget) const override;
};

// The payload behind a header that read_header accepted. REQUIRES out.size() == header.shape.values().
Result<void> decode_fp32(const EncodingHeader& header, std::span<const std::byte> payload,
                         std::span<float> out);

}  // namespace millrace
