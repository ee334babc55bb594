// DS-ACIQ (QuantPipe, arXiv 2211.04515, section on directed search): ACIQ whose Laplace scale b is fitted to
// the histogram instead of to the mean magnitude. Per group of values, in double:
//
//   b_E    = mean|x| over the N finite values
//   h_i    histogram of 200 even bins between the smallest and the largest value, sum 1; the largest value is
//          in the last bin
//   f_i(b) = e^(-|g_i|/b) / Σ_j e^(-|g_j|/b) on the 200 points g_i = lo + (hi - lo)·i/199
//   b_R    = b_E · max f(b_E) / max h, at which the two peaks would match
//   b*     = of the 101 candidates b_E + (b_R - b_E)·c/100 the one with the smallest Σ(f_i(b) - h_i)²/200,
//            the first of equals
//   alpha  = F(bits)·b*, with F, lo, hi and levels as in aciq.hpp
//
// A constant group has b* = b_E. After GELU there is no search: b = √(Σx²/N) and F(bits+1), as in `aciq`. The
// paper does not say where the grid's points lie in their bins; here the grid includes both ends, as in
// numpy.linspace(lo, hi, 200). Bins of the histogram are found in single precision (quantizer.hpp). The
// search costs microseconds even for a small group: it is meant for images, not for tokens.
#pragma once

#include "runtime/codec/range_codec.hpp"

namespace millrace {

inline constexpr std::size_t kSearchBins = 200;
inline constexpr int kSearchSteps = 100;  // between kSearchSteps + 1 candidates

struct LaplaceSearch {
  double first = 0;  // b_E
  double last = 0;   // b_R
  double best = 0;   // b*
  int steps = 0;     // from first to best, of kSearchSteps
};
// REQUIRES finite = finite_range(values).
LaplaceSearch search_laplace_scale(std::span<const float> values, const FiniteRange& finite);

Range ds_aciq_range(const RangeRequest& request);

}  // namespace millrace
