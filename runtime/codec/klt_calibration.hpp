// The klt codec's calibration of one cut of one model, from calibration images: rotations, means and
// distributions of the tensors that cross the cut. Both ends must have the same calibration: every encoding
// names the one it was made with. It is kept in a side file, one per cut, little-endian:
//
//   bytes            what
//   8                "MRKLT", 0, version u16 (1)
//   4, 4, 4, 4       cut u32, number of calibration images u32, length N of the name u32 (at most 64),
//                    tensors K u32 (1..4)
//   N                the model's name, printable ASCII
//   4 * 8            blocks, width, heads, mlp width, image size, patch, channels, classes: i32 each
//   64               SHA-256 of the weights file in hexadecimal, or 64 dashes for seeded random weights
//   then K times:
//     1, 1, 2        role u8 (TensorRole), distributions G u8 (1..64), block B u16 (0: no rotation)
//     4, 4           rows R u32, width W u32; R * W at most 2^26
//     4 * W * B      rotation, f32: W/B square blocks; row k of a block is its k-th component
//     2 * R * W      mean of each component at each row, binary16; absent if B is 0
//     2 * R          typical scale of each row, i16, in quarters of an octave
//     R              bits of refinement of each row, u8, 0..8
//     W              distribution of each component, u8, below G
//     4 * 41 * (G+1) quantiles, i32 (klt_tables.hpp); the last distribution is that of the rows' scales
//
// A calibration's identity is the SHA-256 of its file.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"
#include "runtime/codec/klt_kernels.hpp"
#include "runtime/codec/klt_tables.hpp"
#include "runtime/model/model_config.hpp"

namespace millrace {

inline constexpr std::size_t kMaxDistributions = 64;
inline constexpr std::int64_t kMaxCalibratedValues = std::int64_t{1} << 26;
inline constexpr int kMaxRotationBlock = 1024, kMaxRefinement = 8;
inline constexpr std::size_t kMaxCalibrationBytes = std::size_t{1} << 30;

struct TensorCalibration {
  TensorRole role = TensorRole::residual;
  std::int64_t rows = 0, width = 0;
  int block = 0;                            // divides width; 0: no rotation
  std::vector<float> rotation;              // orthonormal, width · block
  std::vector<float> means;                 // rows · width, binary16 values; empty without a rotation
  std::vector<std::uint8_t> refinements;    // rows: extra bits per value beyond the common step
  std::vector<std::int16_t> scales;         // rows
  std::vector<std::uint8_t> groups;         // width
  std::vector<Distribution> distributions;  // of the components
  Distribution scale_distribution;          // of the difference of a row's scale from the typical one

  // The rotation as the kernels need it: rows times `forward` are components. Empty without a rotation.
  BlockMatrix forward, backward;
  // Computes `forward` and `backward` from `rotation`.
  void prepare();
};

struct CutCalibration {
  ModelConfig model;
  int cut = 0;
  std::uint32_t images = 0;    // number of calibration images
  std::string weights_sha256;  // empty: random weights
  std::vector<TensorCalibration> tensors;

  // The hash of serialize(*this), filled in by parse_calibration and read_calibration.
  std::string sha256;
  std::uint64_t id = 0;  // the first 8 bytes of the hash

  // The calibration of tensors of this kind; null if there is none.
  const TensorCalibration* tensor(TensorRole role, std::int64_t rows, std::int64_t width) const;
};

// REQUIRES a calibration that parse_calibration would accept.
Buffer serialize(const CutCalibration& calibration);
// Checks everything, down to whether the rotations are orthonormal (within 2^-10).
Result<CutCalibration> parse_calibration(std::span<const std::byte> file);
Result<std::shared_ptr<const CutCalibration>> read_calibration(const std::string& path);

// The name of a cut's side file in a calibration directory: `cut-024.klt`.
std::string calibration_file_name(int cut);
// The side file of this cut in `directory`: null if there is none, an error if it is for another model or
// cut. The model's name and dimensions are compared, not its weights.
Result<std::shared_ptr<const CutCalibration>> find_calibration(const std::string& directory,
                                                               const ModelConfig& model, int cut);

}  // namespace millrace
