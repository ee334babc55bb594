#include "runtime/codec/ds_aciq.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "runtime/codec/aciq.hpp"
#include "runtime/codec/simd_kernels.hpp"

namespace millrace {

namespace {

using Curve = std::array<double, kSearchBins>;
constexpr std::size_t kBlock = 4096;

// Four counters per bin, because successive increments of one counter would wait for each other.
using Counters = std::array<std::array<std::uint32_t, 256>, 4>;

void count(std::span<const std::uint8_t> bins, Counters& counters) {
  std::size_t i = 0;
  for (; i + 4 <= bins.size(); i += 4) {
    ++counters[0][bins[i]];
    ++counters[1][bins[i + 1]];
    ++counters[2][bins[i + 2]];
    ++counters[3][bins[i + 3]];
  }
  for (; i < bins.size(); ++i) ++counters[0][bins[i]];
}

// REQUIRES at least one finite value.
Curve histogram(std::span<const float> values, const FiniteRange& finite) {
  Quantizer bin(finite.range, kSearchBins);
  bin.last = kSearchBins - 1;
  bin.rounding = 0;
  bin.nan_possible = !finite.all_finite;
  Counters counters{};
  std::array<std::uint8_t, kBlock> bins;
  for (std::size_t i = 0; i < values.size(); i += kBlock) {
    const auto block = values.subspan(i, std::min(kBlock, values.size() - i));
    if (finite.all_finite) {
      simd::quantize(block, bin, std::span(bins).first(block.size()));
      count(std::span(bins).first(block.size()), counters);
    } else {
      for (const float x : block)
        if (std::isfinite(x)) ++counters[0][static_cast<std::size_t>(bin.code(x))];
    }
  }
  Curve heights{};
  for (std::size_t i = 0; i < kSearchBins; ++i)
    for (const auto& counter : counters) heights[i] += counter[i];
  const double total = std::accumulate(heights.begin(), heights.end(), 0.0);
  for (double& height : heights) height /= total;
  return heights;
}

// The search's grid of points. `nearest` is the least distance of a point from 0.
struct Grid {
  double lo = 0, step = 0, nearest = 0;
  std::size_t negative = 0;  // how many points are below 0

  explicit Grid(const Range& range)
      : lo(range.lo), step((double{range.hi} - double{range.lo}) / (kSearchBins - 1)) {
    while (negative < kSearchBins && point(negative) < 0) ++negative;
    nearest = negative < kSearchBins ? point(negative) : -point(negative - 1);
    if (negative > 0) nearest = std::min(nearest, -point(negative - 1));
  }
  double point(std::size_t i) const { return lo + step * static_cast<double>(i); }
  // e^(-|g_i|/b), divided by its largest value on the grid so that it cannot vanish everywhere.
  double height(std::size_t i, double b) const { return std::exp(-(std::abs(point(i)) - nearest) / b); }
};

double peak_of_fit(const Grid& grid, double b) {
  double sum = 0;
  for (std::size_t i = 0; i < kSearchBins; ++i) sum += grid.height(i, b);
  return 1 / sum;
}

// On either side of 0 the curve decays by the same ratio from point to point, so that a candidate needs three
// exponentials instead of 200.
DecaySums sums_of_fits(const Grid& grid, const Curve& heights, std::span<const double> candidates) {
  Decays decays;
  DecaySums sums;
  const auto start_at = [&](std::size_t i) {
    decays.value.fill(0);
    for (std::size_t c = 0; c < candidates.size(); ++c) decays.value[c] = grid.height(i, candidates[c]);
  };
  for (std::size_t c = 0; c < candidates.size(); ++c) decays.ratio[c] = std::exp(-grid.step / candidates[c]);
  if (grid.negative < kSearchBins) {
    start_at(grid.negative);
    simd::decay(std::span(heights).subspan(grid.negative), decays, sums);
  }
  if (grid.negative > 0) {
    Curve reversed;
    std::reverse_copy(heights.begin(), heights.begin() + static_cast<std::ptrdiff_t>(grid.negative),
                      reversed.begin());
    start_at(grid.negative - 1);
    simd::decay(std::span(reversed).first(grid.negative), decays, sums);
  }
  return sums;
}

}  // namespace

LaplaceSearch search_laplace_scale(std::span<const float> values, const FiniteRange& finite) {
  const double first = mean_magnitude(values, finite);
  LaplaceSearch search{.first = first, .last = first, .best = first};
  if (finite.range.lo == finite.range.hi) return search;
  const Curve heights = histogram(values, finite);
  const Grid grid(finite.range);
  search.last = first * (peak_of_fit(grid, first) / *std::ranges::max_element(heights));

  std::array<double, kSearchSteps + 1> candidates{};
  for (int c = 0; c <= kSearchSteps; ++c)
    candidates[static_cast<std::size_t>(c)] = first + (search.last - first) * c / kSearchSteps;
  const DecaySums sums = sums_of_fits(grid, heights, candidates);
  double least = 0;  // of Σ(f_i - h_i)² - Σh_i²
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    const double sum = sums.value[c];
    const double error = (sums.square[c] / sum - 2 * sums.product[c]) / sum;
    if (c > 0 && error >= least) continue;
    least = error;
    search.best = candidates[c];
    search.steps = static_cast<int>(c);
  }
  return search;
}

Range ds_aciq_range(const RangeRequest& request) {
  if (request.role == TensorRole::gelu) return aciq_range(request);
  const auto search = search_laplace_scale(request.values, request.finite);
  return clipped(request.finite.range, laplace_clip_factor(request.bits) * search.best);
}

}  // namespace millrace
