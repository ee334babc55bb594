// JPEG decoding by libjpeg-turbo and resampling of interleaved RGB pixels. Private to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

inline constexpr std::size_t kMaxJpegBytes = std::size_t{64} << 20;
inline constexpr std::uint64_t kMaxJpegPixels = std::uint64_t{1} << 26;

struct RgbImage {
  int width = 0, height = 0;
  std::vector<std::uint8_t> pixels;  // height · width · 3
};

Result<RgbImage> decode_jpeg(std::span<const std::uint8_t> file);

struct PixelSize {
  int width = 0, height = 0;
};
// Separable triangle filter, as wide as the scale where the image shrinks. REQUIRES sizes >= 1.
RgbImage resample(const RgbImage& image, PixelSize to);

}  // namespace millrace
