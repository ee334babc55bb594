// Scales the rows of a tensor to unit size and back, for the klt codec (klt_codec.hpp).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace millrace {

// Returns 2^(scale/4). REQUIRES -481 <= scale <= 508.
float row_size(int scale);

struct UnitRows {
  std::vector<std::int16_t> scales;  // kZeroScale for rows that are zero or nearly zero (klt_coder.hpp)
  std::vector<float> values;         // finite; 0 in zero rows
};
// REQUIRES width >= 1, values.size() a multiple of it.
UnitRows unit_rows(std::span<const float> values, std::size_t width);
// values[r] · row_size(scales[r]), finite; zero rows become 0. In place.
void restore_rows(std::span<float> values, std::size_t width, std::span<const std::int16_t> scales);

}  // namespace millrace
