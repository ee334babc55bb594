// Hits out of a count, and the confidence interval of their share.
#pragma once

#include <cmath>
#include <cstdint>

namespace millrace {

struct Interval {
  double low = 0, high = 1;
};

struct Proportion {
  std::uint64_t hits = 0;
  std::uint64_t count = 0;

  // REQUIRES count > 0 (here and below), hits <= count.
  double share() const { return static_cast<double>(hits) / static_cast<double>(count); }

  // Wilson's score interval with a confidence of 95 % (Wilson 1927). Unlike share ± 1.96 standard errors, it
  // stays within 0..1 and is sound when hits is 0 or count.
  Interval interval_95() const {
    constexpr double kZ = 1.959963984540054;  // the 97.5 % point of the normal distribution
    const double n = static_cast<double>(count), p = share();
    const double middle = p + kZ * kZ / (2 * n);
    const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
    const double norm = 1 + kZ * kZ / n;
    // In exact arithmetic the formula gives 0 and 1 here; rounding might not.
    return {hits == 0 ? 0 : (middle - half) / norm, hits == count ? 1 : (middle + half) / norm};
  }
};

}  // namespace millrace
