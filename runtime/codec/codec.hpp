// Codecs turn the float tensors that cross a cut into bits and back. An encoding describes itself: decoding
// needs no parameters but the expected shape, and refuses everything else. No LibTorch here. Every encoding
// starts with the header of encoding.hpp; scales and headers count as bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "runtime/model/model_config.hpp"

namespace millrace {

using Buffer = std::vector<std::byte>;

// The bits per value that an encoding may cost, real-valued; codecs of fixed widths take the widest width
// that fits, and never less than their narrowest.
struct Budget {
  double bits_per_value = 32;
  bool operator==(const Budget&) const = default;
};

struct TensorShape {
  std::int64_t images = 0;
  std::int64_t rows = 0;
  std::int64_t width = 0;
  std::int64_t values() const { return images * rows * width; }
  bool operator==(const TensorShape&) const = default;
};

struct TensorView {
  std::span<const float> values;  // shape.values() floats, row-major
  TensorShape shape;
  TensorRole role = TensorRole::residual;
};

// The values that share one set of side information (such as a range): a whole tensor, each image of a
// microbatch, or each token (one row of an image). `none`: there is no side information. Numbers on the wire.
enum class ScaleScope : std::uint8_t { none = 0, image = 1, token = 2, tensor = 3 };

// The calibration of one cut of a model (klt_calibration.hpp).
struct CutCalibration;

class Codec {
 public:
  virtual ~Codec() = default;
  virtual std::string_view name() const = 0;
  // Appends the encoding of one tensor to `out`. Total for every float input: constant, empty, infinite and
  // NaN values are treated as the codec's header file says.
  virtual void encode(const TensorView& tensor, Budget budget, Buffer& out) const = 0;
  // Bytes `encode` would append, without a tensor. Exact for codecs of fixed rate; klt stays up to 3 % below.
  virtual Bytes predicted_size(const TensorShape& shape, TensorRole role, Budget budget) const = 0;
  // Bits per value the codec spends on the values themselves under this budget (its bit width).
  virtual double bit_width(Budget budget) const = 0;
};

// A codec, the scope of its side information, and the calibration of the cut. Formats without side
// information (fp32, fp16, u8, …) ignore the scope, as does klt, whose side information is per image; all
// but klt ignore the calibration, which may be null.
struct CodecChoice {
  std::string name = "fp32";
  ScaleScope scope = ScaleScope::image;
  std::shared_ptr<const CutCalibration> calibration = nullptr;
  bool operator==(const CodecChoice&) const = default;
};

// Looks the codec up in the one table of codecs; README.md lists them, and each has its description in its
// header file. "naive" is another name of uniform. An error lists the known names. REQUIRES a scope other
// than `none`.
Result<std::unique_ptr<Codec>> make_codec(const CodecChoice& choice);
// With the scope per image.
Result<std::unique_ptr<Codec>> make_codec(std::string_view name);
// Without aliases.
std::vector<std::string> codec_names();
// The codec for tensors of this role where links use `chosen`: `chosen` itself for activations. Tensors that
// must arrive unchanged have codecs of their own, whatever the policy: images u8, features fp16, tokens and
// lengths u24, logits fp32. `chosen` must outlive the result.
const Codec& codec_for(TensorRole role, const Codec& chosen);
// Accepts image, token and tensor only.
Result<ScaleScope> scale_scope_by_name(std::string_view name);

// Decodes the encoding at the front of `in`, whichever codec wrote it, into `out`, and returns its length in
// bytes. REQUIRES out.size() == expected.values(). Malformed, truncated or differently shaped input is an
// error, in release too, as is an encoding made with a calibration other than `calibration`.
Result<std::size_t> decode_tensor(std::span<const std::byte> in, const TensorShape& expected,
                                  std::span<float> out, const CutCalibration* calibration = nullptr);

}  // namespace millrace
