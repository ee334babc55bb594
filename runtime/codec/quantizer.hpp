// Floats to codes: a code is the number of the nearest of levels+1 even levels between lo and hi. The
// arithmetic is single precision and spelled out to the last operation, because scalar and SIMD kernels must
// give the same codes; no step may be contracted into a fused multiply-add (this folder is compiled with
// -ffp-contract=off).
#pragma once

#include <algorithm>
#include <cstdint>

namespace millrace {

// lo <= hi, both finite.
struct Range {
  float lo = 0, hi = 0;
  bool operator==(const Range&) const = default;
};

// x becomes t = (x·scale - offset)·per_step, NaN becomes nan_position; t is clamped to 0..last and `rounding`
// is added; the code is the integer part of the sum. So values outside lo..hi, infinities included, take the
// nearer end. `scale` is a power of two that keeps the difference from overflowing and per_step finite; it
// is 1 for every range that a network produces. If hi = lo, every code is 0.
struct Quantizer {
  float scale = 1, offset = 0, per_step = 0, last = 0, nan_position = 0, rounding = 0.5F;
  bool nan_possible = true;  // false is a promise about the values, which kernels may use

  // REQUIRES 1 <= levels <= 65535.
  Quantizer(const Range& range, int levels) : last(static_cast<float>(levels)) {
    const double width = double{range.hi} - double{range.lo};
    if (width > 0x1p126) scale = 0.25F;
    if (width < 0x1p-90) scale = 0x1p64F;
    if (width == 0) scale = 1;
    offset = range.lo * scale;
    if (width > 0) per_step = static_cast<float>(levels / (width * double{scale}));
    if (width > 0) nan_position = std::clamp(position(0.0F), 0.0F, last);  // the level nearest to 0
  }

  float position(float x) const { return (x * scale - offset) * per_step; }

  int code(float x) const {
    float t = position(x);
    t = x == x ? t : nan_position;  // NOLINT(misc-redundant-expression): false for NaN only
    t = t > 0 ? t : 0;              // also for infinity · 0, if per_step is 0
    t = t < last ? t : last;
    return static_cast<int>(t + rounding);  // the nearest, except for floats just below a half
  }
};

}  // namespace millrace
