#include "runtime/base/figure_text.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace millrace {

std::string figure_text(double value, int decimals) {
  if (value == 0) return "0";
  if (std::isfinite(value) && std::abs(value) < std::pow(10.0, 1 - decimals))
    return fmt::format("{:.2g}", value);
  return fmt::format("{:.{}f}", value, decimals);
}

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; std::abs(bytes) >= 1000 && unit + 1 < kUnits.size(); ++unit) bytes /= 1000;
  if (unit == 0) return fmt::format("{:g} B", bytes);
  return fmt::format("{:.{}f} {}", bytes, bytes >= 100 ? 1 : 2, kUnits[unit]);
}

}  // namespace millrace
