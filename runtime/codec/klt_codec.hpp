// klt: transform coding, our own codec. Most of an activation's variance lies along a few directions, with
// bell-shaped values along each. So each row (token) is brought to unit size, rotated onto the principal
// components (Karhunen, Loeve) of calibration images at this cut, rounded with one step for all components,
// and entropy-coded with the distributions of the calibration's components. The step is found for each
// image, so that it meets the budget: bits per value are real-valued.
//
// Per image, with R rows of W values, s_r = 2^(k_r/4) the size of row r (k_r: its root mean square in
// quarters of an octave, rounded), P the rotation and m the means of the calibration, d the step:
//     y_r = P (x_r / s_r) - m_r     symbols round(y/d)     x'_r = s_r P' (m_r + mean(y | its symbol))
// GELU's outputs are not rotated: a rotation would spread values that are concentrated at the lower end
// (README.md). A tensor without a calibration has no rotation either, and carries the mean and the spread of
// its columns as side information.
//
// Payload:
//   u64 id of the calibration, 0 for none | images, one after the other, as described in klt_coder.hpp |
//   zeroes up to one byte per 32 values
// Side information of an image, without calibration: i16 typical scale, then for each run of columns (of
// column_run(rows) columns) u8 c and i8 m: standard deviation 2^((c-24)/4), mean m/4 of that.
//
// The budget counts everything, header included, and is met image by image, whatever else is in the
// microbatch: each takes at most floor(bits · R · W / 8) - 32 bytes and more than 97 % of that, where the
// finest and coarsest steps allow it. Tensors of a few hundred values, or of constants, may miss these
// bounds. Budgets below 0.3 and above 8 bits count as 0.3 and 8.
//
// With a calibration the error of a row is at most d·sqrt(W)·s_r/2 + d·s_r·sqrt(W)/2, twice that of rounding
// alone, as values are reconstructed at the mean of their step and not at its middle; float rounding comes on
// top.
//   zero rows              exactly 0, as are rows of a root mean square below 2^-120
//   +inf, -inf             the largest finite magnitude of their row, 0 if there is none
//   NaN                    0 before coding, so decoded as a small number
#pragma once

#include <memory>

#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"
#include "runtime/codec/klt_calibration.hpp"

namespace millrace {

inline constexpr double kKltLeastBits = 0.3, kKltMostBits = 8;

class KltCodec final : public Codec {
 public:
  // Without a calibration (null), tensors carry their own statistics.
  explicit KltCodec(std::shared_ptr<const CutCalibration> calibration)
      : calibration_(std::move(calibration)) {}
  std::string_view name() const override { return "klt"; }
  void encode(const TensorView& tensor, Budget budget, Buffer& out) const override;
  // The size that the budget allows, which `encode` nearly reaches.
  Bytes predicted_size(const TensorShape& shape, TensorRole role, Budget budget) const override;
  // The budget itself, within the limits above.
  double bit_width(Budget budget) const override;

 private:
  std::shared_ptr<const CutCalibration> calibration_;
};

// Decodes the payload after a header that read_header accepted. `calibration` may be null; an encoding made
// with another one is refused. REQUIRES out.size() == header.shape.values().
Result<void> decode_klt(const EncodingHeader& header, std::span<const std::byte> payload,
                        const CutCalibration* calibration, std::span<float> out);

}  // namespace millrace
