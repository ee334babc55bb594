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

namespace {

using Units = std::array<const char*, 5>;

std::string in_the_unit_that_fits(double bytes, double step, const Units& units, int decimals) {
  std::size_t unit = 0;
  for (; std::abs(bytes) >= step && unit + 1 < units.size(); ++unit) bytes /= step;
  if (unit == 0) return fmt::format("{:g} B", bytes);
  return fmt::format("{:.{}f} {}", bytes, bytes >= 100 ? 1 : decimals, units[unit]);
}

}  // namespace

std::string bytes_text(double bytes) {
  return in_the_unit_that_fits(bytes, 1000, {"B", "kB", "MB", "GB", "TB"}, 2);
}

std::string memory_text(double bytes) {
  return in_the_unit_that_fits(bytes, 1024, {"B", "KiB", "MiB", "GiB", "TiB"}, 1);
}

}  // namespace millrace
