// Where images and labels come from, by image number, as u8 pixels, channels first. No LibTorch here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/model/model_config.hpp"

namespace millrace {

class Dataset {
 public:
  virtual ~Dataset() = default;
  // Pixels of one image, [channels, size, size]. REQUIRES out.size() == model.input_values(). An image that
  // is not there or cannot be read is an error naming it.
  virtual Result<void> read(std::uint64_t image, std::span<std::uint8_t> out) const = 0;
  // The right class, where known.
  virtual std::optional<std::uint32_t> label(std::uint64_t image) const = 0;
  // Number of images; nothing for a dataset without end.
  virtual std::optional<std::uint64_t> size() const = 0;
};

// `synthetic`: without end and without labels. Image N is drawn from Random(seed, "image/N"): per channel a
// gradient, two waves and three soft blobs, so that patches and images differ.
//
// `image-folder:PATH/labels.csv`: JPEG files, see read_image(). The CSV has the header line `file,label`,
// then a file name relative to the CSV's folder and a class 0..classes-1 per line, at most 10 million lines.
// Files are opened when they are read. REQUIRES check_model(model).ok().
Result<std::unique_ptr<Dataset>> open_dataset(const std::string& dataset, const ModelConfig& model,
                                              std::uint64_t seed);

// Decodes a JPEG of at most 64 MiB and 2^26 pixels (grey becomes RGB) and fits it to size x size pixels. An
// image whose shorter side is between size and 8/7 size is cropped at its centre, at offset (side - size)/2
// rounded down. Any other is first scaled to a shorter side of 8/7 size, rounded, by triangle-filtered
// (bilinear, antialiased) resampling. out: [3, size, size]. Corrupt or truncated files are errors.
Result<void> read_image(const std::string& path, int size, std::span<std::uint8_t> out);

}  // namespace millrace
