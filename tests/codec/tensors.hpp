// A small language for codec tests: tensors by shape and filling, encoded and decoded in one line.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/codec/codec.hpp"

namespace millrace {

inline constexpr float kInf = std::numeric_limits<float>::infinity();
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kMaxFloat = std::numeric_limits<float>::max();

struct Tensor {
  TensorShape shape;
  std::vector<float> values;

  TensorView view(TensorRole role = TensorRole::residual) const { return {values, shape, role}; }
};

inline Tensor one_image(std::vector<float> values) {
  const auto n = static_cast<std::int64_t>(values.size());
  return {{.images = 1, .rows = 1, .width = n}, std::move(values)};
}

// Normal values with a few outliers of 60 standard deviations, as transformer activations have them.
inline Tensor activation(const TensorShape& shape, Random& random) {
  Tensor tensor{shape, std::vector<float>(static_cast<std::size_t>(shape.values()))};
  for (float& x : tensor.values) {
    x = static_cast<float>(random.normal());
    if (random.below(500) == 0) x *= 60;
  }
  return tensor;
}

// Every bit pattern equally likely: NaNs, infinities, subnormals, all magnitudes.
inline Tensor any_floats(const TensorShape& shape, Random& random) {
  Tensor tensor{shape, std::vector<float>(static_cast<std::size_t>(shape.values()))};
  for (float& x : tensor.values) x = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
  return tensor;
}

inline TensorShape small_shape(Random& random) {
  return {.images = static_cast<std::int64_t>(random.below(4)),
          .rows = static_cast<std::int64_t>(random.below(8)),
          .width = static_cast<std::int64_t>(random.below(40))};
}

inline Buffer encoded(const CodecChoice& choice, const Tensor& tensor, double bits = 8,
                      TensorRole role = TensorRole::residual) {
  Buffer out;
  make_codec(choice).value()->encode(tensor.view(role), {bits}, out);
  return out;
}
inline Buffer encoded(std::string_view codec, const Tensor& tensor, double bits = 8) {
  return encoded(CodecChoice{.name = std::string(codec)}, tensor, bits);
}

// REQUIRES an encoding of this shape; a refusal fails the test.
inline std::vector<float> decoded(const Buffer& encoding, const TensorShape& shape) {
  std::vector<float> out(static_cast<std::size_t>(shape.values()), -12345.0F);
  const auto length = decode_tensor(encoding, shape, out);
  EXPECT_TRUE(length.ok()) << (length.ok() ? "" : length.error().message);
  EXPECT_EQ(length.ok() ? *length : 0, encoding.size());
  return out;
}

inline std::vector<float> round_trip(std::string_view codec, const Tensor& tensor, double bits = 8) {
  return decoded(encoded(codec, tensor, bits), tensor.shape);
}

inline std::vector<std::uint32_t> bit_patterns(const std::vector<float>& values) {
  std::vector<std::uint32_t> patterns;
  patterns.reserve(values.size());
  for (const float x : values) patterns.push_back(std::bit_cast<std::uint32_t>(x));
  return patterns;
}

}  // namespace millrace
