// The loops of the klt codec: products with block-diagonal matrices, and values to symbols with what these
// cost. Each stands here twice, as a scalar definition and with the widest vectors of the machine (Highway).
// Symbols and costs are equal to the bit. Products are sums in the order of k in both; fused multiply-adds,
// where a machine has them, make them differ in the last bits, and the same on one machine whatever the
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
  // Nothing, for no matrix at all.
  BlockMatrix() = default;
  // blocks: width/block of them, row-major, or each of them transposed. REQUIRES block >= 1 that divides
  // width, blocks.size() == width · block.
  BlockMatrix(std::span<const float> blocks, std::size_t block, bool transposed);

  bool empty() const { return values_.empty(); }
  std::size_t block() const { return block_; }
  std::size_t blocks() const { return block_ == 0 ? 0 : values_.size() / (block_ * stride_); }
  std::size_t width() const { return block_ * blocks(); }
  // Rows of a block lie this far apart, and zeroes fill them up so that whole vectors can be read.
  std::size_t stride() const { return stride_; }
  const float* values(std::size_t block) const { return values_.data() + block * block_ * stride_; }

 private:
  std::size_t block_ = 0, stride_ = 0;
  std::vector<float> values_;
};

// Where a component's symbols begin, per column of a row. Padded by kColumnPadding further entries.
inline constexpr std::size_t kColumnPadding = 16;
struct SymbolColumns {
  std::size_t width = 0;
  std::vector<std::int32_t> first, count, raw_bits;  // as in SymbolTable
  std::vector<std::int32_t> costs_at;                // where the costs of the column's table begin
};

// Values beyond ±kMaxSymbol steps count as that.
inline constexpr std::int32_t kMaxSymbol = 1 << 22;

namespace scalar {

// out[r] = in[r] · matrix for each row. REQUIRES in.size() == out.size(), a multiple of matrix.width().
void multiply(std::span<const float> in, const BlockMatrix& matrix, std::span<float> out);

// The number of the nearest step, ties to even; 0 for NaN.
std::int32_t step_number(float value, float per_step);
// The symbols of one row, `count` standing for the escape; returns the sum of their costs.
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
