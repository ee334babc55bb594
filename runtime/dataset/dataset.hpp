// Images and labels, by image number. An image is one sample of the input of the model's family: pixels,
// audio features or a sequence of tokens. No LibTorch here.
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
  // One image as the tensors at cut 0, one after the other, with values that their codecs (codec_for())
  // keep exactly. REQUIRES out.size() == model.input_values(). An image that is missing or cannot be read is
  // an error that names it.
  virtual Result<void> read(std::uint64_t image, std::span<float> out) const = 0;
  // The right class, where known.
  virtual std::optional<std::uint32_t> label(std::uint64_t /*image*/) const { return std::nullopt; }
  // Number of images; nothing for a dataset without end.
  virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
};

// A dataset of pixels.
class ImageDataset : public Dataset {
 public:
  // As read(), with pixels in the order [channels, size, size].
  virtual Result<void> read_pixels(std::uint64_t image, std::span<std::uint8_t> out) const = 0;
  Result<void> read(std::uint64_t image, std::span<float> out) const final;
};

// `synthetic`, for any family: without end and without labels. Image N is drawn from Random(seed, "image/N").
//   vit   per channel a gradient, two waves and three soft blobs, so that patches and images differ
//   kwt   a bell-shaped value per frame and coefficient, smooth over frames, smaller for higher coefficients
//   bert  T/2 to T tokens of the vocabulary, all ids but 0 equally likely, in one segment or two
//
// `shapes`, for vit: without end, labelled; see shapes_dataset.hpp.
//
// `image-folder:PATH/labels.csv`: JPEG files, see read_image(). The CSV has the header line `file,label`,
// then a file name relative to the CSV's folder and a class 0..classes-1 per line, at most 10 million lines.
// Files are opened when they are read. For vit.
//
// `features:FILE.safetensors`, for kwt: `mfcc` F16, BF16 or F32 [N, frames, coefficients], and optionally
// `label` I64 or I32 [N] of classes. Values that fp16 cannot hold are rounded.
//
// `tokens:FILE.safetensors`, for bert, with the names and meanings of Hugging Face's tokenizers:
//   input_ids       I64 or I32 [N, S], S <= sequence; ids within the vocabulary
//   attention_mask  the same shape, optional: ones, then zeroes for padding. Default: ids 0 at a row's end
//                   are padding.
//   token_type_ids  the same shape, optional: zeroes, then ones, before the padding. Default: zeroes.
//   label           I64 or I32 [N], optional: classes
// The files are mapped, checked when they are opened (labels, ids and masks included), and must not be
// truncated while in use. Other tensors in them are ignored.
//
// A dataset of another family than the model's is an error. REQUIRES check_model(model).ok().
Result<std::unique_ptr<Dataset>> open_dataset(const std::string& dataset, const ModelConfig& model,
                                              std::uint64_t seed);

// Decodes a JPEG of at most 64 MiB and 2^26 pixels (grey becomes RGB) and fits it to size x size pixels. An
// image whose shorter side is between size and 8/7 size is cropped at its centre, at offset (side - size)/2
// rounded down. Any other is first scaled to a shorter side of 8/7 size, rounded, by triangle-filtered
// (bilinear, antialiased) resampling. out: [3, size, size]. Corrupt or truncated files are errors.
Result<void> read_image(const std::string& path, int size, std::span<std::uint8_t> out);

}  // namespace millrace
