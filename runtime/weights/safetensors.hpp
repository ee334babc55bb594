// The safetensors container, read strictly from memory; only the header is touched. Format:
//
//   bytes                what
//   0..7                 N, length of the header, u64 little-endian, at most kMaxHeaderBytes
//   8..8+N-1             JSON object in UTF-8, starts with '{', may end in spaces: name -> {"dtype", "shape",
//                        "data_offsets": [begin, end)}, and optionally "__metadata__" -> {string: string}
//   8+N..                the tensors' bytes, little-endian, row-major; offsets count from here
//
// Every byte of data belongs to exactly one tensor: holes, overlaps, offsets beyond the end, a length that
// contradicts dtype and shape, duplicate or unknown keys are errors. Data need not be aligned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

inline constexpr std::uint64_t kMaxHeaderBytes = 16 << 20;
inline constexpr std::size_t kMaxTensors = 100'000;
inline constexpr std::size_t kMaxTensorRank = 8;

// The types that are read; of tensors of other types only the size is checked.
enum class WeightType : std::uint8_t { f32, f16, bf16, i64, i32, other };
constexpr bool is_float(WeightType type) { return type <= WeightType::bf16; }
constexpr bool is_integer(WeightType type) { return type == WeightType::i64 || type == WeightType::i32; }
constexpr std::size_t size_of(WeightType type) {  // REQUIRES type != other
  if (type == WeightType::i64) return 8;
  return type == WeightType::f32 || type == WeightType::i32 ? 4 : 2;
}

struct StoredTensor {
  WeightType type = WeightType::other;
  std::string dtype;  // as written
  std::vector<std::int64_t> shape;
  std::uint64_t offset = 0;  // in the file
  std::uint64_t bytes = 0;
};

using SafetensorsIndex = std::map<std::string, StoredTensor, std::less<>>;

// ENSURES on success: every tensor lies within `file`, and bytes == size of dtype · product of shape.
Result<SafetensorsIndex> parse_safetensors(std::span<const std::byte> file);

// Widens to fp32. REQUIRES is_float(type), stored.size() == out.size() · size_of(type). Any alignment.
void widen_to_float(WeightType type, std::span<const std::byte> stored, std::span<float> out);
// Widens to 64 bits, likewise. REQUIRES is_integer(type).
void widen_to_integer(WeightType type, std::span<const std::byte> stored, std::span<std::int64_t> out);

// For error messages: quoted, shortened, control characters replaced.
std::string in_quotes(std::string_view hostile);

}  // namespace millrace
