#include "sim/sweep/statistics.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "runtime/base/check.hpp"

namespace millrace {

double student_t_975(std::size_t degrees_of_freedom) {
  MR_CHECK(degrees_of_freedom >= 1);
  return boost::math::quantile(boost::math::students_t(static_cast<double>(degrees_of_freedom)), 0.975);
}

std::optional<Estimate> estimate(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  const auto n = static_cast<double>(values.size());
  // Relative to the first value, so that equal values have exactly that mean and no spread.
  double offset = 0;
  for (const double value : values) offset += value - values.front();
  Estimate result{values.size(), values.front() + offset / n, std::nullopt};
  if (values.size() < 2) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.half_width = student_t_975(values.size() - 1) * std::sqrt(squares / (n - 1) / n);
  return result;
}

}  // namespace millrace
