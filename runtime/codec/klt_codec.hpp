// klt: transform coding, our own codec. What crosses a cut is to most of its values predictable from a few
// directions, and bell-shaped along them; so each row (token) is brought to unit size, rotated onto the
// principal components (Karhunen, Loeve) that calibration images had there, rounded with one step for all
// components, and entropy-coded with the distributions these had. The step is found for each image, so that
// it meets the budget: bits per value are real-valued.
//
// Per image, with R rows of W values, s_r = 2^(k_r/4) the size of row r (k_r: its root mean square in
// quarters of an octave, rounded), P the rotation and m the means of the calibration, d the step:
//     y_r = P (x_r / s_r) - m_r     symbols round(y/d)     x'_r = s_r P' (m_r + mean(y | its symbol))
// Before GELU's outputs stands no rotation: it would spread what is concentrated at their lower end
// (README.md). A tensor without a calibration has no rotation either, and brings the mean and the spread of
// its columns along.
//
// Payload:
//   u64 id of the calibration, 0 for none | images, one after the other, as klt_coder.hpp says |
//   zeroes up to one byte per 32 values
// Side information of an image, without calibration: i16 typical scale, then for each run of columns (of
// column_run(rows) columns) u8 c and i8 m: standard deviation 2^((c-24)/4), mean m/4 of that.
//
// The budget counts everything, header included, and is met image by image, whatever else is in the
// microbatch: each takes floor(bits · R · W / 8) - 32 bytes at most, and more than 97 % of that, where its
// finest and coarsest steps allow: tensors of a few hundred values, or of constants, do not reach that and
// take what they take. Budgets below 0.3 and above 8 bits count as these.
//
// With a calibration the error of a row is at most d·sqrt(W)·s_r/2 + d·s_r·sqrt(W)/2, twice what rounding
// alone does, as values are put at their mean and not at the middle of their step; rounding of floats comes
// on top.
//   zero rows              exactly 0, as are rows of a root mean square below 2^-120
//   +inf, -inf             the largest finite magnitude of their row, 0 if there is none
//   NaN                    0 before coding, so a small number
#pragma once

#include <memory>

#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"
#include "runtime/codec/klt_calibration.hpp"

namespace millrace {

inline constexpr double kKltLeastBits = 0.3, kKltMostBits = 8;

class KltCodec final : public Codec {
 public:
  // Without a calibration, tensors bring their own statistics along.
  explicit KltCodec(std::shared_ptr<const CutCalibration> calibration)
      : calibration_(std::move(calibration)) {}
  std::string_view name() const override { return "klt"; }
  void encode(const TensorView& tensor, Budget budget, Buffer& out) const override;
  // What the budget allows, which `encode` nearly reaches.
  Bytes predicted_size(const TensorShape& shape, TensorRole role, Budget budget) const override;
  // The budget itself, within the limits above.
  double bit_width(Budget budget) const override;

 private:
  std::shared_ptr<const CutCalibration> calibration_;
};

// The payload behind a header that read_header accepted. `calibration` may be null; an encoding made with
// another is refused. REQUIRES out.size() == header.shape.values().
Result<void> decode_klt(const EncodingHeader& header, std::span<const std::byte> payload,
                        const CutCalibration* calibration, std::span<float> out);

}  // namespace millrace
