#include "runtime/codec/codec.hpp"
#include "runtime/codec/fp32_codec.hpp"
#include "runtime/codec/sixteen_bit_codec.hpp"
#include "runtime/codec/u24_codec.hpp"
#include "runtime/codec/u8_codec.hpp"

namespace millrace {

const Codec& codec_for(TensorRole role, const Codec& chosen) {
  static const U8Codec pixels;
  static const SixteenBitCodec<Fp16> features;
  static const U24Codec whole_numbers;
  static const Fp32Codec logits;
  switch (role) {
    case TensorRole::image:
      return pixels;
    case TensorRole::features:
      return features;
    case TensorRole::tokens:
    case TensorRole::lengths:
      return whole_numbers;
    case TensorRole::logits:
      return logits;
    case TensorRole::attention_context:
    case TensorRole::residual:
    case TensorRole::gelu:
      return chosen;
  }
  return chosen;
}

}  // namespace millrace
