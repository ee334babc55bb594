// Calibrates the klt codec: from the tensors of calibration images, one after the other, to the calibration
// of klt_calibration.hpp. Rows are taken at unit size, as when encoding.
//
//   means          of each component at each row, shrunk towards the mean of all rows; the fewer the images,
//                  the more (James and Stein's estimator)
//   rotation       eigenvectors of the covariance around these means, strongest first, in blocks of
//                  rotation_block(width) adjacent channels; none for GELU's outputs
//   refinements    the last layers use only the first row, the class token: a common step that is fine
//                  enough on average is too coarse for it, and 3 more bits per value for one row of many cost
//                  0.015 bits per value
//   distributions  of the components of kMaxSampledRows rows spread over all images, pooled to 64 at most by
//                  k-means over their quantiles
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/codec/klt_calibration.hpp"
#include "runtime/codec/klt_rows.hpp"

namespace millrace {

inline constexpr std::size_t kMaxSampledRows = 8192;

// The largest divisor of the width that is at most 192: a rotation's cost grows with the block (README.md).
int rotation_block(std::int64_t width);

class TensorFit {
 public:
  // `images`: the number of calibration images that will be added.
  TensorFit(const TensorSpec& spec, std::size_t images);
  // Adds the tensor of one image. REQUIRES rows · width values.
  void add(std::span<const float> values);
  // REQUIRES that at least one image was added.
  TensorCalibration finish() const;

 private:
  void add_covariance(std::span<const float> unit);
  // Mean of each channel at each row, shrunk.
  std::vector<double> shrunk_means() const;
  void fit_rotation(const std::vector<double>& means, TensorCalibration& made) const;
  void fit_scales(TensorCalibration& made) const;
  // The components of each sampled row, means subtracted.
  std::vector<float> sampled_components(const TensorCalibration& made) const;

  TensorSpec spec_;
  std::size_t rows_, width_, block_, stride_;
  std::size_t images_ = 0, rows_seen_ = 0;
  std::vector<double> sums_;            // rows · width
  std::vector<double> products_;        // width/block blocks of block · block
  std::vector<std::int16_t> scales_;    // of every row of every image
  std::vector<std::uint32_t> sampled_;  // numbers of the rows sampled, within their image
  std::vector<float> samples_;          // their values, width each
};

}  // namespace millrace
