// The scalar definitions, and BlockMatrix, which the scalar and the SIMD kernels share.
#include "runtime/codec/klt_kernels.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/check.hpp"

namespace millrace {

namespace {

constexpr std::size_t kTile = 48;  // three vectors of the widest kind

}  // namespace

BlockMatrix::BlockMatrix(std::span<const float> blocks, std::size_t block, bool transposed)
    : block_(block), stride_((block + kTile - 1) / kTile * kTile) {
  MR_CHECK(block >= 1 && blocks.size() % (block * block) == 0);
  const std::size_t count = blocks.size() / (block * block);
  values_.resize(count * block_ * stride_);
  for (std::size_t b = 0; b < count; ++b)
    for (std::size_t row = 0; row < block; ++row)
      for (std::size_t column = 0; column < block; ++column) {
        const std::size_t from = transposed ? column * block + row : row * block + column;
        values_[(b * block + row) * stride_ + column] = blocks[b * block * block + from];
      }
}

namespace scalar {

void multiply(std::span<const float> in, const BlockMatrix& matrix, std::span<float> out) {
  const std::size_t width = matrix.width(), block = matrix.block();
  MR_CHECK(width > 0);
  MR_CHECK(in.size() == out.size() && in.size() % width == 0);
  for (std::size_t row = 0; row < in.size(); row += width)
    for (std::size_t b = 0; b < matrix.blocks(); ++b)
      for (std::size_t n = 0; n < block; ++n) {
        float sum = 0;
        for (std::size_t k = 0; k < block; ++k)
          sum += in[row + b * block + k] * matrix.values(b)[k * matrix.stride() + n];
        out[row + b * block + n] = sum;
      }
}

std::int32_t step_number(float value, float per_step) {
  const float steps = value * per_step;
  if (!(steps == steps)) return 0;  // NOLINT(misc-redundant-expression): NaN
  return static_cast<std::int32_t>(
      std::nearbyint(std::clamp(steps, -static_cast<float>(kMaxSymbol), static_cast<float>(kMaxSymbol))));
}

std::uint64_t symbols_of(std::span<const float> values, float per_step, const SymbolColumns& columns,
                         std::span<const std::int32_t> costs, std::span<std::uint8_t> symbols) {
  std::uint64_t cost = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int32_t own = (step_number(values[i], per_step) >> columns.raw_bits[i]) - columns.first[i];
    const auto symbol =
        std::min(static_cast<std::uint32_t>(own), static_cast<std::uint32_t>(columns.count[i]));
    symbols[i] = static_cast<std::uint8_t>(symbol);
    cost += static_cast<std::uint64_t>(costs[static_cast<std::size_t>(columns.costs_at[i]) + symbol]);
  }
  return cost;
}

}  // namespace scalar

}  // namespace millrace
