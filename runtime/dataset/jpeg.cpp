#include "runtime/dataset/jpeg.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csetjmp>
#include <cstdio>
// clang-format off: jpeglib.h needs <cstdio> before it
#include <jerror.h>
#include <jpeglib.h>
// clang-format on

namespace millrace {

namespace {

// libjpeg reports a fatal error by a callback that must not return: on_error() jumps back to decode_into().
struct Faults {
  jpeg_error_mgr manager;  // the first member: libjpeg holds a pointer to it
  std::jmp_buf back;
  std::array<char, JMSG_LENGTH_MAX> message;
};

[[noreturn]] void on_error(j_common_ptr decoder) {
  auto* faults = reinterpret_cast<Faults*>(decoder->err);
  decoder->err->format_message(decoder, faults->message.data());
  std::longjmp(faults->back, 1);
}

// After a warning libjpeg goes on with grey in place of missing data. Only warnings that leave every pixel
// right are ignored; every other one is an error.
void on_message(j_common_ptr decoder, int level) {
  if (level >= 0) return;
  const int code = decoder->err->msg_code;
  if (code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM) return;
  on_error(decoder);
}

// Decodes into `image`; on false the reason is in `faults`. No local variable here may have a destructor,
// which a longjmp would skip.
bool decode_into(jpeg_decompress_struct& decoder, Faults& faults, std::span<const std::uint8_t> file,
                 RgbImage& image) {
  if (setjmp(faults.back) != 0) return false;  // NOLINT(cert-err52-cpp): libjpeg's way
  jpeg_create_decompress(&decoder);
  jpeg_mem_src(&decoder, file.data(), static_cast<unsigned long>(file.size()));
  jpeg_read_header(&decoder, TRUE);
  if (std::uint64_t{decoder.image_width} * decoder.image_height > kMaxJpegPixels) {
    fmt::format_to_n(faults.message.data(), faults.message.size() - 1, "more than {} pixels", kMaxJpegPixels);
    return false;
  }
  decoder.out_color_space = JCS_RGB;
  decoder.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&decoder);
  image.width = static_cast<int>(decoder.output_width);
  image.height = static_cast<int>(decoder.output_height);
  const std::size_t row_bytes = std::size_t{decoder.output_width} * 3;
  image.pixels.resize(row_bytes * decoder.output_height);
  while (decoder.output_scanline < decoder.output_height) {
    JSAMPROW row = image.pixels.data() + row_bytes * decoder.output_scanline;
    jpeg_read_scanlines(&decoder, &row, 1);
  }
  jpeg_finish_decompress(&decoder);
  return true;
}

// For an output pixel along one axis: the first input pixel and the weights from there on.
struct Tap {
  int first = 0;
  std::vector<float> weights;
};

std::vector<Tap> taps(int from, int to) {
  const double scale = static_cast<double>(from) / to, radius = std::max(scale, 1.0);
  std::vector<Tap> result(static_cast<std::size_t>(to));
  for (int i = 0; i < to; ++i) {
    Tap& tap = result[static_cast<std::size_t>(i)];
    const double centre = (i + 0.5) * scale;
    tap.first = std::max(0, static_cast<int>(std::floor(centre - radius)));
    const int end = std::min(from, static_cast<int>(std::ceil(centre + radius)));
    double sum = 0;
    for (int j = tap.first; j < end; ++j) {
      const double weight = std::max(0.0, 1 - std::abs(j + 0.5 - centre) / radius);
      tap.weights.push_back(static_cast<float>(weight));
      sum += weight;
    }
    for (float& weight : tap.weights) weight = static_cast<float>(weight / sum);
  }
  return result;
}

}  // namespace

Result<RgbImage> decode_jpeg(std::span<const std::uint8_t> file) {
  RgbImage image;
  Faults faults{};
  jpeg_decompress_struct decoder{};
  decoder.err = jpeg_std_error(&faults.manager);
  faults.manager.error_exit = on_error;
  faults.manager.emit_message = on_message;
  const bool decoded = decode_into(decoder, faults, file, image);
  jpeg_destroy_decompress(&decoder);
  if (!decoded) return Error{fmt::format("not a JPEG that can be decoded: {}", faults.message.data())};
  return image;
}

RgbImage resample(const RgbImage& image, PixelSize to) {
  MR_CHECK(to.width >= 1 && to.height >= 1 && image.width >= 1 && image.height >= 1);
  const auto across = taps(image.width, to.width), down = taps(image.height, to.height);
  const auto width = static_cast<std::size_t>(to.width) * 3,
             source_width = static_cast<std::size_t>(image.width) * 3;
  std::vector<float> rows(width * static_cast<std::size_t>(image.height));
  for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      const Tap& tap = across[x / 3];
      const std::uint8_t* pixel =
          image.pixels.data() + y * source_width + static_cast<std::size_t>(tap.first) * 3 + x % 3;
      float sum = 0;
      for (std::size_t i = 0; i < tap.weights.size(); ++i)
        sum += tap.weights[i] * static_cast<float>(pixel[3 * i]);
      rows[y * width + x] = sum;
    }
  }
  RgbImage result{to.width, to.height,
                  std::vector<std::uint8_t>(width * static_cast<std::size_t>(to.height))};
  for (std::size_t y = 0; y < static_cast<std::size_t>(to.height); ++y) {
    const Tap& tap = down[y];
    for (std::size_t x = 0; x < width; ++x) {
      const float* value = rows.data() + static_cast<std::size_t>(tap.first) * width + x;
      float sum = 0;
      for (std::size_t i = 0; i < tap.weights.size(); ++i) sum += tap.weights[i] * value[i * width];
      result.pixels[y * width + x] = static_cast<std::uint8_t>(std::clamp(sum + 0.5F, 0.0F, 255.0F));
    }
  }
  return result;
}

}  // namespace millrace
