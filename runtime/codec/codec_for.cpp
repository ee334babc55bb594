#include "runtime/codec/codec.hpp"
#include "runtime/codec/elementwise_codec.hpp"
#include "runtime/codec/fp32_codec.hpp"

namespace millrace {

const Codec& codec_for(TensorRole role, const Codec& chosen) {
  static const ElementwiseCodec<U8> pixels;
  static const ElementwiseCodec<Fp16> features;
  static const ElementwiseCodec<U24> whole_numbers;
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
