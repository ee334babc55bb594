// foreach_target.h includes this file once per instruction set, as with simd_kernels.cpp.
#include <algorithm>
#include <array>

#include "runtime/base/check.hpp"
#include "runtime/codec/klt_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/codec/klt_simd_kernels.cpp"
#include <hwy/foreach_target.h>
// Highway requires this order.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace millrace::simd::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using Ints = hn::RebindToSigned<Floats>;

// Four rows by three vectors of one block; missing rows repeat the last one and are not stored. A value does
// not depend on its row's place among the four.
void multiply_tile(const float* const* rows, const float* matrix, std::size_t stride, std::size_t depth,
                   float* const* out, std::size_t columns) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  auto a0 = hn::Zero(d), a1 = hn::Zero(d), a2 = hn::Zero(d);
  auto b0 = hn::Zero(d), b1 = hn::Zero(d), b2 = hn::Zero(d);
  auto c0 = hn::Zero(d), c1 = hn::Zero(d), c2 = hn::Zero(d);
  auto e0 = hn::Zero(d), e1 = hn::Zero(d), e2 = hn::Zero(d);
  for (std::size_t k = 0; k < depth; ++k, matrix += stride) {
    const auto m0 = hn::LoadU(d, matrix), m1 = hn::LoadU(d, matrix + lanes);
    const auto m2 = hn::LoadU(d, matrix + 2 * lanes);
    const auto a = hn::Set(d, rows[0][k]), b = hn::Set(d, rows[1][k]);
    const auto c = hn::Set(d, rows[2][k]), e = hn::Set(d, rows[3][k]);
    a0 = hn::MulAdd(a, m0, a0), a1 = hn::MulAdd(a, m1, a1), a2 = hn::MulAdd(a, m2, a2);
    b0 = hn::MulAdd(b, m0, b0), b1 = hn::MulAdd(b, m1, b1), b2 = hn::MulAdd(b, m2, b2);
    c0 = hn::MulAdd(c, m0, c0), c1 = hn::MulAdd(c, m1, c1), c2 = hn::MulAdd(c, m2, c2);
    e0 = hn::MulAdd(e, m0, e0), e1 = hn::MulAdd(e, m1, e1), e2 = hn::MulAdd(e, m2, e2);
  }
  const auto store = [&](float* to, auto v0, auto v1, auto v2) HWY_ATTR {
    if (columns >= 3 * lanes) {
      hn::StoreU(v0, d, to), hn::StoreU(v1, d, to + lanes), hn::StoreU(v2, d, to + 2 * lanes);
      return;
    }
    float whole[48];
    hn::StoreU(v0, d, whole), hn::StoreU(v1, d, whole + lanes), hn::StoreU(v2, d, whole + 2 * lanes);
    std::copy(whole, whole + columns, to);
  };
  if (out[0] != nullptr) store(out[0], a0, a1, a2);
  if (out[1] != nullptr) store(out[1], b0, b1, b2);
  if (out[2] != nullptr) store(out[2], c0, c1, c2);
  if (out[3] != nullptr) store(out[3], e0, e1, e2);
}

void multiply_rows(const float* in, std::size_t rows, const BlockMatrix& matrix, float* out) {
  const Floats d;
  const std::size_t panel = 3 * hn::Lanes(d), width = matrix.width(), block = matrix.block();
  for (std::size_t b = 0; b < matrix.blocks(); ++b)
    for (std::size_t n = 0; n < block; n += panel)
      for (std::size_t row = 0; row < rows; row += 4) {
        const float* from[4];
        float* to[4];
        for (std::size_t i = 0; i < 4; ++i) {
          const std::size_t r = std::min(row + i, rows - 1);
          from[i] = in + r * width + b * block;
          to[i] = row + i < rows ? out + r * width + b * block + n : nullptr;
        }
        multiply_tile(from, matrix.values(b) + n, matrix.stride(), block, to, block - n);
      }
}

// Processes the whole vectors of a row; returns the number of values processed.
std::size_t symbol_vectors(const float* values, std::size_t size, float per_step,
                           const SymbolColumns& columns, const std::int32_t* costs, std::uint8_t* symbols,
                           std::uint64_t* cost) {
  const Floats d;
  const Ints di;
  const hn::RebindToUnsigned<Ints> du;
  const hn::Rebind<std::uint8_t, Floats> dc;
  const std::size_t lanes = hn::Lanes(d);
  const auto scale = hn::Set(d, per_step);
  const auto most = hn::Set(d, static_cast<float>(kMaxSymbol)), least = hn::Neg(most);
  constexpr std::size_t kMostSummed = 1 << 14;  // costs are below 2^16, so a lane holds this many
  auto sum = hn::Zero(di);
  std::size_t i = 0, summed = 0;
  const auto flush = [&]() HWY_ATTR {
    alignas(64) std::int32_t lane_sums[16];
    hn::Store(sum, di, lane_sums);
    for (std::size_t lane = 0; lane < lanes; ++lane) *cost += static_cast<std::uint32_t>(lane_sums[lane]);
    sum = hn::Zero(di);
  };
  for (; i + lanes <= size; i += lanes) {
    const auto steps = hn::Mul(hn::LoadU(d, values + i), scale);
    const auto finite = hn::IfThenElseZero(hn::Eq(steps, steps), steps);
    const auto number = hn::NearestInt(hn::Min(hn::Max(finite, least), most));
    const auto coarse = hn::Shr(number, hn::LoadU(di, columns.raw_bits.data() + i));
    const auto own = hn::Sub(coarse, hn::LoadU(di, columns.first.data() + i));
    const auto count = hn::BitCast(du, hn::LoadU(di, columns.count.data() + i));
    const auto symbol = hn::Min(hn::BitCast(du, own), count);
    hn::StoreU(hn::TruncateTo(dc, symbol), dc, symbols + i);
    const auto at = hn::Add(hn::BitCast(di, symbol), hn::LoadU(di, columns.costs_at.data() + i));
    sum = hn::Add(sum, hn::GatherIndex(di, costs, at));
    if (++summed == kMostSummed) {
      flush();
      summed = 0;
    }
  }
  flush();
  return i;
}

}  // namespace
}  // namespace millrace::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::simd {

namespace {

HWY_EXPORT(multiply_rows);
HWY_EXPORT(symbol_vectors);

}  // namespace

void multiply(std::span<const float> in, const BlockMatrix& matrix, std::span<float> out) {
  const std::size_t width = matrix.width();
  MR_CHECK(width > 0);
  MR_CHECK(in.size() == out.size() && in.size() % width == 0);
  if (!in.empty()) HWY_DYNAMIC_DISPATCH(multiply_rows)(in.data(), in.size() / width, matrix, out.data());
}

std::uint64_t symbols_of(std::span<const float> values, float per_step, const SymbolColumns& columns,
                         std::span<const std::int32_t> costs, std::span<std::uint8_t> symbols) {
  MR_CHECK(values.size() == columns.width && symbols.size() == columns.width);
  std::uint64_t cost = 0;
  const std::size_t done = HWY_DYNAMIC_DISPATCH(symbol_vectors)(values.data(), values.size(), per_step,
                                                                columns, costs.data(), symbols.data(), &cost);
  for (std::size_t i = done; i < values.size(); ++i) {
    const std::int32_t own =
        (scalar::step_number(values[i], per_step) >> columns.raw_bits[i]) - columns.first[i];
    const auto symbol =
        std::min(static_cast<std::uint32_t>(own), static_cast<std::uint32_t>(columns.count[i]));
    symbols[i] = static_cast<std::uint8_t>(symbol);
    cost += static_cast<std::uint64_t>(costs[static_cast<std::size_t>(columns.costs_at[i]) + symbol]);
  }
  return cost;
}

}  // namespace millrace::simd
#endif  // HWY_ONCE
