// Calibrates codec klt: images go through the model once, and the statistics of what crosses each given cut
// are learnt (codec/klt_fit.hpp). Labels are not used.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/codec/klt_calibration.hpp"
#include "runtime/model/model_config.hpp"

namespace millrace {

struct CalibrateRequest {
  ModelConfig model;
  std::string weights = "random";     // see make_weights()
  std::string dataset = "synthetic";  // see open_dataset()
  std::uint64_t seed = 1;             // of random weights and synthetic images
  std::uint64_t first_image = 0, images = 128;
  std::vector<int> cuts;  // 1 to sub_layers - 1
  int threads = 1;
};
inline constexpr std::uint64_t kMaxCalibrationImages = 100'000;

// The calibrations in the order of their cuts, as read back from their files' bytes. `progress` is called
// with the number of images done; if it returns false, the result is the error "calibrating: interrupted …".
Result<std::vector<CutCalibration>> calibrate(const CalibrateRequest& request,
                                              const std::function<bool(std::uint64_t images)>& progress);

// Writes one side file into an existing folder, whole or not at all; returns its path.
Result<std::string> write_calibration(const std::string& folder, const CutCalibration& calibration);

}  // namespace millrace
