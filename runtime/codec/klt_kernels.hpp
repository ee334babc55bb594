// The loops of the klt codec: products with block-diagonal matrices, and values to symbols and their cost.
// Each loop exists twice, as a scalar definition and with the widest vectors of the machine (Highway).
// Symbols and costs are equal to the bit. Products are sums in the order of k in both; fused multiply-adds,
// on machines that have them, change the last bits. On one machine a row's product does not depend on the
// number of rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace {

// Square blocks along the diagonal of a matrix of width · width.
class BlockMatrix {
 public:
  // No matrix: empty() is true.
  BlockMatrix() = default;
  // blocks: width/block blocks, row-major; `transposed` transposes each of them. REQUIRES block >= 1 that
  // divides width, blocks.size() == width · block.
  BlockMatrix(std::span<const float> blocks, std::size_t block, bool transposed);

  bool empty() const { return values_.empty(); }
  std::size_t block() const { return block_; }
  std::size_t blocks() const { return block_ == 0 ? 0 : values_.size() / (block_ * stride_); }
  std::size_t width() const { return block_ * blocks(); }
  // The distance of a block's rows; they are padded with zeroes so that whole vectors can be read.
  std::size_t stride() const { return stride_; }
  const float* values(std::size_t block) const { return values_.data() + block * block_ * stride_; }

 private:
  std::size_t block_ = 0, stride_ = 0;
  std::vector<float> values_;
};

// The symbol tables' fields per column of a row, padded by kColumnPadding further entries.
inline constexpr std::size_t kColumnPadding = 16;
struct SymbolColumns {
  std::size_t width = 0;
  std::vector<std::int32_t> first, count, raw_bits;  // as in SymbolTable
  std::vector<std::int32_t> costs_at;                // index at which the costs of the column's table begin
};

// Values beyond ±kMaxSymbol steps are clamped to it.
inline constexpr std::int32_t kMaxSymbol = 1 << 22;

namespace scalar {

// out[r] = in[r] · matrix for each row. REQUIRES in.size() == out.size(), a multiple of matrix.width().
void multiply(std::span<const float> in, const BlockMatrix& matrix, std::span<float> out);

// The number of the nearest step, ties to even; 0 for NaN.
std::int32_t step_number(float value, float per_step);
// The symbols of one row (`count` is the escape); returns the sum of their costs.
// REQUIRES values.size() == symbols.size() == columns.width.
std::uint64_t symbols_of(std::span<const float> values, float per_step, const SymbolColumns& columns,
                         std::span<const std::int32_t> costs, std::span<std::uint8_t> symbols);

}  // namespace scalar

namespace simd {

void multiply(std::span<const float> in, const BlockMatrix& matrix, std::span<float> out);
std::uint64_t symbols_of(std::span<const float> values, float per_step, const SymbolColumns& columns,
                         std::span<const std::int32_t> costs, std::span<std::uint8_t> symbols);

}  // namespace simd

}  // namespace millrace
