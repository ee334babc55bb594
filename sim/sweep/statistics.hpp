// Means of replications, and how far they can be trusted.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace millrace {

struct Estimate {
  std::size_t n = 0;
  double mean = 0;
  // Half the width of the 95 % confidence interval of the mean, by Student's t with n - 1 degrees of freedom:
  // t(0.975, n - 1) · s / sqrt(n). Nothing for fewer than two values.
  std::optional<double> half_width;
};

// Nothing for no values.
std::optional<Estimate> estimate(const std::vector<double>& values);

// The 0.975 quantile of Student's t. REQUIRES degrees_of_freedom >= 1.
double student_t_975(std::size_t degrees_of_freedom);

}  // namespace millrace
