#include "runtime/codec/klt_rows.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "runtime/base/check.hpp"
#include "runtime/codec/klt_coder.hpp"
#include "runtime/codec/simd_kernels.hpp"

namespace millrace {

namespace {

constexpr float kMost = std::numeric_limits<float>::max();

// Copies the row, with 0 for NaN and the row's largest finite magnitude for infinities.
void make_finite(std::span<const float> row, const Range& finite, std::span<float> out) {
  const float most = std::max(std::abs(finite.lo), std::abs(finite.hi));
  std::ranges::transform(row, out.begin(), [&](float x) {
    if (std::isnan(x)) return 0.0F;
    return std::clamp(x, -most, most);
  });
}

}  // namespace

float row_size(int scale) {
  MR_CHECK(scale >= kZeroScale && scale <= kLargestScale);
  constexpr std::array<float, 4> kQuarters = {1.0F, 1.18920712F, 1.41421356F, 1.68179283F};
  constexpr int kLift = 1024;  // a multiple of 4 that makes the dividend positive
  return std::ldexp(kQuarters[static_cast<std::size_t>((scale + kLift) % 4)],
                    (scale + kLift) / 4 - kLift / 4);
}

UnitRows unit_rows(std::span<const float> values, std::size_t width) {
  MR_CHECK(width >= 1 && values.size() % width == 0);
  UnitRows rows{std::vector<std::int16_t>(values.size() / width), std::vector<float>(values.size())};
  std::vector<float> repaired;
  for (std::size_t r = 0; r < rows.scales.size(); ++r) {
    auto row = values.subspan(r * width, width);
    if (const auto finite = simd::finite_range(row); !finite.all_finite) {
      repaired.resize(width);
      make_finite(row, finite.range, repaired);
      row = repaired;
    }
    const double size = std::sqrt(simd::sum(row, Moment::square) / static_cast<double>(width));
    double scale = size > 0 ? std::nearbyint(4 * std::log2(size)) : double{kZeroScale};
    if (scale < kSmallestScale) scale = kZeroScale;
    rows.scales[r] = static_cast<std::int16_t>(std::min(scale, double{kLargestScale}));
    if (rows.scales[r] == kZeroScale) continue;
    const float per_size = 1 / row_size(rows.scales[r]);
    float* const out = rows.values.data() + r * width;
    for (std::size_t i = 0; i < width; ++i) out[i] = row[i] * per_size;
  }
  return rows;
}

void restore_rows(std::span<float> values, std::size_t width, std::span<const std::int16_t> scales) {
  MR_CHECK(values.size() == width * scales.size());
  for (std::size_t r = 0; r < scales.size(); ++r) {
    const auto row = values.subspan(r * width, width);
    if (scales[r] == kZeroScale) {
      std::ranges::fill(row, 0.0F);
      continue;
    }
    const float size = row_size(scales[r]);
    for (float& x : row) x = std::min(std::max(x * size, -kMost), kMost);
  }
}

}  // namespace millrace
