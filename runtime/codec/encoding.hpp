// The header in front of every encoded tensor, little-endian, 24 bytes. It makes an encoding self-describing,
// and it counts as bits like everything else: 24 bytes are 0.001 bits per value of a microbatch of
// 8 x 197 x 192.
//
//   offset  bytes  field
//        0      2  magic, the letters "MT"
//        2      1  version, 1
//        3      1  codec (CodecId)
//        4      1  bits of one value's code
//        5      1  role (TensorRole)
//        6      1  scope of the side information (ScaleScope)
//        7      1  reserved, 0
//        8      4  images
//       12      4  rows
//       16      4  width
//       20      4  payload bytes that follow; for codecs of fixed rate, codec, bits and shape imply the
//                  number
//
// Each codec's header file describes its payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "runtime/codec/codec.hpp"
#include "runtime/model/model_config.hpp"

namespace millrace {

// Numbers on the wire: never reused, never renumbered.
enum class CodecId : std::uint8_t {
  fp32 = 1,
  fp16 = 2,
  u8 = 3,
  uniform = 4,
  aciq = 5,
  aciq_gauss = 6,
  ds_aciq = 7,
  bf16 = 8,
  fp6 = 9,
  fp4 = 10,
  fp4_clip = 11,
  klt = 12,
  u24 = 20,
};

struct EncodingHeader {
  CodecId codec = CodecId::fp32;
  int bits = 0;
  TensorRole role = TensorRole::residual;
  ScaleScope scope = ScaleScope::none;
  TensorShape shape;
  std::size_t payload_bytes = 0;
  bool operator==(const EncodingHeader&) const = default;
};

inline constexpr std::size_t kHeaderBytes = 24;
inline constexpr std::uint8_t kEncodingVersion = 1;
// Limits of one tensor. Every payload of such a tensor is below 2^32 bytes, unless there is side information
// per token and a token is a single value.
inline constexpr std::int64_t kMaxDimension = std::int64_t{1} << 24;
inline constexpr std::int64_t kMaxTensorValues = std::int64_t{1} << 29;

// Whether no dimension is negative and the limits hold. Safe for any numbers, where shape.values() could
// overflow.
bool within_limits(const TensorShape& shape);
// "8 x 197 x 192", for messages.
std::string to_string(const TensorShape& shape);

// REQUIRES within_limits(header.shape), bits and payload_bytes that fit their fields.
void append_header(const EncodingHeader& header, Buffer& out);
// Reads the header at the front of `in` and checks every field that can be checked without knowing the codec,
// including that the whole payload is there.
Result<EncodingHeader> read_header(std::span<const std::byte> in);

// REQUIRES within_limits(tensor.shape) and that the view holds as many values as its shape says.
void check_tensor(const TensorView& tensor);
// The runs of values that share one set of side information: `count` runs of `values` values each, in the
// order of the tensor; no runs in a tensor without values. REQUIRES within_limits(shape), scope != none.
struct Groups {
  std::size_t count = 0;
  std::size_t values = 0;
  bool operator==(const Groups&) const = default;
};
Groups groups_of(const TensorShape& shape, ScaleScope scope);

// Refuses an encoding whose bits, scope or payload length differs from what its codec would have written.
struct ExpectedEncoding {
  int bits = 0;
  ScaleScope scope = ScaleScope::none;
  std::size_t payload_bytes = 0;
};
Result<void> check_encoding(const EncodingHeader& header, const ExpectedEncoding& expected);

}  // namespace millrace
