// foreach_target.h includes this file once per instruction set: the namespace HWY_NAMESPACE is compiled for
// each of them, the rest once.
#include "runtime/codec/simd_kernels.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "runtime/base/check.hpp"
#include "runtime/codec/bit_packing.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/codec/simd_kernels.cpp"
#include <hwy/foreach_target.h>
// Highway requires this order.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace millrace::simd::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Ints = hn::RebindToSigned<Floats>;

// finite_range, assuming that every value is finite; if one is not, an end lies beyond the finite floats.
FiniteRange any_range(const float* values, std::size_t size) {
  const Ints d;
  const Floats df;
  const auto magnitude = hn::Set(d, 0x7fffffff);
  const std::size_t lanes = hn::Lanes(d);
  auto lo0 = hn::Set(d, std::numeric_limits<std::int32_t>::max()), lo1 = lo0;
  auto hi0 = hn::Set(d, std::numeric_limits<std::int32_t>::min()), hi1 = hi0;
  // Bit patterns as integers of the same order.
  const auto load = [&](std::size_t i) HWY_ATTR {
    const auto bits = hn::BitCast(d, hn::LoadU(df, values + i));
    return hn::Xor(bits, hn::And(hn::BroadcastSignBit(bits), magnitude));
  };
  std::size_t i = 0;
  for (; i + 2 * lanes <= size; i += 2 * lanes) {
    const auto key0 = load(i), key1 = load(i + lanes);
    lo0 = hn::Min(lo0, key0);
    lo1 = hn::Min(lo1, key1);
    hi0 = hn::Max(hi0, key0);
    hi1 = hn::Max(hi1, key1);
  }
  std::int32_t lo = hn::GetLane(hn::MinOfLanes(d, hn::Min(lo0, lo1)));
  std::int32_t hi = hn::GetLane(hn::MaxOfLanes(d, hn::Max(hi0, hi1)));
  const auto ordered = [](std::int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); };
  for (; i < size; ++i) {
    const std::int32_t key = ordered(std::bit_cast<std::int32_t>(values[i]));
    lo = key < lo ? key : lo;
    hi = key > hi ? key : hi;
  }
  constexpr std::int32_t kInfinity = 0x7f800000;
  if (hi >= kInfinity || lo <= ordered(std::bit_cast<std::int32_t>(0xff800000U))) return {{}, false};
  return {{std::bit_cast<float>(ordered(lo)), std::bit_cast<float>(ordered(hi))}, true};
}

// Adds whole rows of kPartialSums values to the partial sums, assuming that every value is finite; an
// infinity or NaN shows in the sums.
template <bool kSquare>
void add_rows(const float* values, std::size_t rows, double* partial) {
  const hn::CappedTag<double, 8> d;  // so that 4 vectors hold at most kPartialSums values
  const hn::Rebind<float, decltype(d)> df;
  const std::size_t lanes = hn::Lanes(d);
  const auto term = [&](const float* from) HWY_ATTR {
    const auto t = hn::PromoteTo(d, hn::Abs(hn::LoadU(df, from)));
    if constexpr (kSquare)
      return hn::Mul(t, t);
    else
      return t;
  };
  for (std::size_t j = 0; j < kPartialSums; j += 4 * lanes) {
    auto s0 = hn::LoadU(d, partial + j), s1 = hn::LoadU(d, partial + j + lanes);
    auto s2 = hn::LoadU(d, partial + j + 2 * lanes), s3 = hn::LoadU(d, partial + j + 3 * lanes);
    const float* from = values + j;
    for (std::size_t row = 0; row < rows; ++row, from += kPartialSums) {
      s0 = hn::Add(s0, term(from));
      s1 = hn::Add(s1, term(from + lanes));
      s2 = hn::Add(s2, term(from + 2 * lanes));
      s3 = hn::Add(s3, term(from + 3 * lanes));
    }
    hn::StoreU(s0, d, partial + j);
    hn::StoreU(s1, d, partial + j + lanes);
    hn::StoreU(s2, d, partial + j + 2 * lanes);
    hn::StoreU(s3, d, partial + j + 3 * lanes);
  }
}

void add_magnitudes(const float* values, std::size_t rows, double* partial) {
  add_rows<false>(values, rows, partial);
}
void add_squares(const float* values, std::size_t rows, double* partial) {
  add_rows<true>(values, rows, partial);
}

// Quantizes the whole vectors of `size` values; returns the number of values done. REQUIRES q.per_step > 0,
// so that only a NaN becomes NaN, and minimum and maximum of other values are the same on every machine.
template <bool kPlain, class Code>  // plain: no NaN, and scale 1, so that neither step is needed
std::size_t quantize_vectors(const float* values, std::size_t size, const Quantizer& q, Code* codes) {
  const Floats d;
  const Ints di;
  const hn::RebindToUnsigned<Ints> du;
  const hn::Rebind<Code, Floats> dc;
  const std::size_t lanes = hn::Lanes(d);
  const auto scale = hn::Set(d, q.scale), offset = hn::Set(d, q.offset), per_step = hn::Set(d, q.per_step);
  const auto last = hn::Set(d, q.last), nan = hn::Set(d, q.nan_position), rounding = hn::Set(d, q.rounding);
  const auto zero = hn::Zero(d);
  const auto codes_at = [&](std::size_t i) HWY_ATTR {
    const auto x = hn::LoadU(d, values + i);
    const auto scaled = kPlain ? x : hn::Mul(x, scale);
    const auto position = hn::Mul(hn::Sub(scaled, offset), per_step);
    const auto within = hn::Min(hn::Max(position, zero), last);
    const auto t = kPlain ? within : hn::IfThenElse(hn::Eq(x, x), within, nan);
    return hn::TruncateTo(dc, hn::BitCast(du, hn::ConvertTo(di, hn::Add(t, rounding))));
  };
  std::size_t i = 0;
  for (; i + 2 * lanes <= size; i += 2 * lanes) {
    const auto first = codes_at(i), second = codes_at(i + lanes);
    hn::StoreU(first, dc, codes + i);
    hn::StoreU(second, dc, codes + i + lanes);
  }
  return i;
}

std::size_t quantize_8(const float* values, std::size_t size, const Quantizer& q, std::uint8_t* codes) {
  if (!q.nan_possible && q.scale == 1) return quantize_vectors<true>(values, size, q, codes);
  return quantize_vectors<false>(values, size, q, codes);
}
std::size_t quantize_16(const float* values, std::size_t size, const Quantizer& q, std::uint16_t* codes) {
  if (!q.nan_possible && q.scale == 1) return quantize_vectors<true>(values, size, q, codes);
  return quantize_vectors<false>(values, size, q, codes);
}

// Tables of one or two vectors stay in registers, larger ones are gathered from memory. The size of `levels`
// is a multiple of the lanes.
std::size_t look_up_vectors(const std::uint8_t* codes, std::size_t size, const float* levels,
                            std::size_t count, float* out) {
  const Floats d;
  const Ints di;
  const hn::Rebind<std::uint8_t, Floats> dc;
  const std::size_t lanes = hn::Lanes(d);
  const auto code = [&](std::size_t i) HWY_ATTR { return hn::PromoteTo(di, hn::LoadU(dc, codes + i)); };
  std::size_t i = 0;
  if (count <= lanes) {
    const auto table = hn::LoadU(d, levels);
    for (; i + lanes <= size; i += lanes)
      hn::StoreU(hn::TableLookupLanes(table, hn::IndicesFromVec(d, code(i))), d, out + i);
  } else if (count <= 2 * lanes) {
    const auto lower = hn::LoadU(d, levels), upper = hn::LoadU(d, levels + lanes);
    const auto half = hn::Set(di, static_cast<std::int32_t>(lanes));
    const auto within = hn::Set(di, static_cast<std::int32_t>(lanes - 1));
    for (; i + lanes <= size; i += lanes) {
      const auto index = code(i);
      const auto lane = hn::IndicesFromVec(d, hn::And(index, within));
      const auto first = hn::RebindMask(d, hn::Lt(index, half));
      const auto x =
          hn::IfThenElse(first, hn::TableLookupLanes(lower, lane), hn::TableLookupLanes(upper, lane));
      hn::StoreU(x, d, out + i);
    }
  } else {
    for (; i + lanes <= size; i += lanes) hn::StoreU(hn::GatherIndex(d, levels, code(i)), d, out + i);
  }
  return i;
}

void decay_all(std::span<const double> heights, Decays& decays, DecaySums& sums) {
  const hn::CappedTag<double, 8> d;
  for (std::size_t c = 0; c < Decays::kCount; c += hn::Lanes(d)) {
    auto value = hn::LoadU(d, &decays.value[c]);
    auto sum = hn::LoadU(d, &sums.value[c]), square = hn::LoadU(d, &sums.square[c]);
    auto product = hn::LoadU(d, &sums.product[c]);
    const auto ratio = hn::LoadU(d, &decays.ratio[c]);
    for (const double height : heights) {
      sum = hn::Add(sum, value);
      square = hn::Add(square, hn::Mul(value, value));
      product = hn::Add(product, hn::Mul(value, hn::Set(d, height)));
      value = hn::Mul(value, ratio);
    }
    hn::StoreU(value, d, &decays.value[c]);
    hn::StoreU(sum, d, &sums.value[c]);
    hn::StoreU(square, d, &sums.square[c]);
    hn::StoreU(product, d, &sums.product[c]);
  }
}

#if HWY_TARGET == HWY_SCALAR  // no lane holds several codes, so none is packed here
std::size_t pack_2(const std::uint8_t*, std::size_t, std::uint8_t*) { return 0; }
std::size_t pack_4(const std::uint8_t*, std::size_t, std::uint8_t*) { return 0; }
std::size_t unpack_2(const std::uint8_t*, std::size_t, std::uint8_t*) { return 0; }
std::size_t unpack_4(const std::uint8_t*, std::size_t, std::uint8_t*) { return 0; }
#else
// The 2 or 4 codes of a lane move into its lowest byte. Each function returns the number of codes taken.
std::size_t pack_4(const std::uint8_t* codes, std::size_t size, std::uint8_t* out) {
  const hn::ScalableTag<std::uint16_t> d;
  const hn::Rebind<std::uint8_t, decltype(d)> dc;
  const hn::Repartition<std::uint8_t, decltype(d)> db;
  const std::size_t taken = hn::Lanes(db);
  const auto low = hn::Set(d, std::uint16_t{0xff});
  std::size_t i = 0;
  for (; i + taken <= size; i += taken) {
    const auto x = hn::BitCast(d, hn::LoadU(db, codes + i));
    const auto both = hn::And(hn::Or(x, hn::ShiftRight<4>(x)), low);
    hn::StoreU(hn::TruncateTo(dc, both), dc, out + i / 2);
  }
  return i;
}

std::size_t pack_2(const std::uint8_t* codes, std::size_t size, std::uint8_t* out) {
  const hn::ScalableTag<std::uint32_t> d;
  const hn::Rebind<std::uint8_t, decltype(d)> dc;
  const hn::Repartition<std::uint8_t, decltype(d)> db;
  const std::size_t taken = hn::Lanes(db);
  const auto low = hn::Set(d, 0xffU);
  std::size_t i = 0;
  for (; i + taken <= size; i += taken) {
    const auto x = hn::BitCast(d, hn::LoadU(db, codes + i));
    const auto two = hn::Or(x, hn::ShiftRight<6>(x));
    const auto four = hn::And(hn::Or(two, hn::ShiftRight<12>(two)), low);
    hn::StoreU(hn::TruncateTo(dc, four), dc, out + i / 4);
  }
  return i;
}

std::size_t unpack_4(const std::uint8_t* in, std::size_t size, std::uint8_t* codes) {
  const hn::ScalableTag<std::uint16_t> d;
  const hn::Rebind<std::uint8_t, decltype(d)> dc;
  const hn::Repartition<std::uint8_t, decltype(d)> db;
  const std::size_t taken = hn::Lanes(db);
  const auto mask = hn::Set(d, std::uint16_t{0x0f0f});
  std::size_t i = 0;
  for (; i + taken <= size; i += taken) {
    const auto x = hn::PromoteTo(d, hn::LoadU(dc, in + i / 2));
    hn::StoreU(hn::BitCast(db, hn::And(hn::Or(x, hn::ShiftLeft<4>(x)), mask)), db, codes + i);
  }
  return i;
}

std::size_t unpack_2(const std::uint8_t* in, std::size_t size, std::uint8_t* codes) {
  const hn::ScalableTag<std::uint32_t> d;
  const hn::Rebind<std::uint8_t, decltype(d)> dc;
  const hn::Repartition<std::uint8_t, decltype(d)> db;
  const std::size_t taken = hn::Lanes(db);
  const auto mask = hn::Set(d, 0x03030303U);
  std::size_t i = 0;
  for (; i + taken <= size; i += taken) {
    const auto x = hn::PromoteTo(d, hn::LoadU(dc, in + i / 4));
    const auto two = hn::Or(x, hn::ShiftLeft<12>(x));
    hn::StoreU(hn::BitCast(db, hn::And(hn::Or(two, hn::ShiftLeft<6>(two)), mask)), db, codes + i);
  }
  return i;
}

#endif

}  // namespace
}  // namespace millrace::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace millrace::simd {

namespace {

HWY_EXPORT(any_range);
HWY_EXPORT(add_magnitudes);
HWY_EXPORT(add_squares);
HWY_EXPORT(quantize_8);
HWY_EXPORT(quantize_16);
HWY_EXPORT(look_up_vectors);
HWY_EXPORT(decay_all);
HWY_EXPORT(pack_2);
HWY_EXPORT(pack_4);
HWY_EXPORT(unpack_2);
HWY_EXPORT(unpack_4);

// std::byte and std::uint8_t may both alias anything.
const std::uint8_t* as_codes(const std::byte* bytes) { return reinterpret_cast<const std::uint8_t*>(bytes); }
std::uint8_t* as_codes(std::byte* bytes) { return reinterpret_cast<std::uint8_t*>(bytes); }

}  // namespace

FiniteRange finite_range(std::span<const float> values) {
  if (values.empty()) return {};
  const auto range = HWY_DYNAMIC_DISPATCH(any_range)(values.data(), values.size());
  return range.all_finite ? range : scalar::finite_range(values);
}

double sum(std::span<const float> values, Moment moment) {
  if (moment == Moment::count) return scalar::sum(values, moment);
  constexpr std::size_t kBlockRows = 64;  // 8 kB: read several times from the nearest cache
  std::array<double, kPartialSums> partial{};
  const std::size_t rows = values.size() / kPartialSums;
  for (std::size_t row = 0; row < rows; row += kBlockRows) {
    const float* from = values.data() + row * kPartialSums;
    const std::size_t block = std::min(kBlockRows, rows - row);
    if (moment == Moment::magnitude)
      HWY_DYNAMIC_DISPATCH(add_magnitudes)(from, block, partial.data());
    else
      HWY_DYNAMIC_DISPATCH(add_squares)(from, block, partial.data());
  }
  double total = 0;
  const auto rest = values.subspan(rows * kPartialSums);
  for (std::size_t j = 0; j < kPartialSums; ++j) {
    if (j < rest.size()) partial[j] += scalar::sum(rest.subspan(j, 1), moment);
    total += partial[j];
  }
  return std::isfinite(total) ? total : scalar::sum(values, moment);
}

void quantize(std::span<const float> values, const Quantizer& quantizer, std::span<std::uint8_t> codes) {
  MR_CHECK(codes.size() == values.size());
  std::size_t n = 0;
  if (quantizer.per_step > 0)
    n = HWY_DYNAMIC_DISPATCH(quantize_8)(values.data(), values.size(), quantizer, codes.data());
  scalar::quantize(values.subspan(n), quantizer, codes.subspan(n));
}

void quantize(std::span<const float> values, const Quantizer& quantizer, std::span<std::uint16_t> codes) {
  MR_CHECK(codes.size() == values.size());
  std::size_t n = 0;
  if (quantizer.per_step > 0)
    n = HWY_DYNAMIC_DISPATCH(quantize_16)(values.data(), values.size(), quantizer, codes.data());
  scalar::quantize(values.subspan(n), quantizer, codes.subspan(n));
}

void look_up(std::span<const std::uint8_t> codes, std::span<const float> levels, std::span<float> out) {
  MR_CHECK(codes.size() == out.size() && levels.size() <= 256);
  std::array<float, 256> table{};  // so that a whole vector may be read
  std::ranges::copy(levels, table.begin());
  const auto n = HWY_DYNAMIC_DISPATCH(look_up_vectors)(codes.data(), codes.size(), table.data(),
                                                       levels.size(), out.data());
  scalar::look_up(codes.subspan(n), levels, out.subspan(n));
}

void decay(std::span<const double> heights, Decays& decays, DecaySums& sums) {
  HWY_DYNAMIC_DISPATCH(decay_all)(heights, decays, sums);
}

void pack(std::span<const std::uint8_t> codes, int width, std::span<std::byte> out) {
  MR_CHECK(out.size() == packed_bytes(codes.size(), width));
  std::size_t n = 0;
  if (width == 2) n = HWY_DYNAMIC_DISPATCH(pack_2)(codes.data(), codes.size(), as_codes(out.data()));
  if (width == 4) n = HWY_DYNAMIC_DISPATCH(pack_4)(codes.data(), codes.size(), as_codes(out.data()));
  pack_bits(codes.subspan(n), width, out.subspan(packed_bytes(n, width)));
}

void unpack(std::span<const std::byte> in, int width, std::span<std::uint8_t> codes) {
  MR_CHECK(in.size() == packed_bytes(codes.size(), width));
  std::size_t n = 0;
  if (width == 2) n = HWY_DYNAMIC_DISPATCH(unpack_2)(as_codes(in.data()), codes.size(), codes.data());
  if (width == 4) n = HWY_DYNAMIC_DISPATCH(unpack_4)(as_codes(in.data()), codes.size(), codes.data());
  unpack_bits(in.subspan(packed_bytes(n, width)), width, codes.subspan(n));
}

}  // namespace millrace::simd
#endif  // HWY_ONCE
