// A model small enough to calibrate in a test, and images whose channels depend on one another, on their row
// and on their neighbours, as activations do.
#pragma once

#include <cmath>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/codec/klt_calibration.hpp"
#include "runtime/codec/klt_fit.hpp"
#include "tests/codec/tensors.hpp"

namespace millrace {

inline ModelConfig klt_model() {
  return {.name = "small",
          .blocks = 2,
          .width = 48,
          .heads = 2,
          .mlp_width = 96,
          .image_size = 80,
          .patch = 10,
          .channels = 3,
          .classes = 10};
}

// The tensor of `images` images from number `first` on: x = size · (mixture · z + mean of its row).
inline Tensor klt_tensor(const TensorSpec& spec, std::int64_t first, std::int64_t images) {
  Tensor tensor{{images, spec.rows, spec.width}, {}};
  const auto width = static_cast<std::size_t>(spec.width);
  Random shared(48, "mixture");
  std::vector<double> mixture(width * width), means(static_cast<std::size_t>(spec.rows) * width), z(width);
  for (std::size_t i = 0; i < mixture.size(); ++i)
    mixture[i] = shared.normal() * std::exp(-0.15 * static_cast<double>(i % width));
  for (double& mean : means) mean = shared.normal();
  for (std::int64_t image = first; image < first + images; ++image) {
    Random random(49, "image " + std::to_string(image));
    for (std::size_t row = 0; row < static_cast<std::size_t>(spec.rows); ++row) {
      for (double& part : z) part = random.normal();
      const double size = std::exp(0.3 * random.normal());
      for (std::size_t i = 0; i < width; ++i) {
        double x = means[row * width + i];
        for (std::size_t k = 0; k < width; ++k) x += mixture[i * width + k] * z[k];
        if (spec.role == TensorRole::gelu) x *= 0.5 * std::erfc(-x / std::sqrt(2.0));
        tensor.values.push_back(static_cast<float>(size * x));
      }
    }
  }
  return tensor;
}

inline CutCalibration klt_calibration(int cut, std::int64_t images = 30) {
  CutCalibration calibration;
  calibration.model = klt_model();
  calibration.cut = cut;
  calibration.images = static_cast<std::uint32_t>(images);
  for (const auto& spec : tensors_at_cut(calibration.model, cut)) {
    TensorFit fit(spec, static_cast<std::size_t>(images));
    for (std::int64_t i = 0; i < images; ++i) fit.add(klt_tensor(spec, i, 1).values);
    calibration.tensors.push_back(fit.finish());
  }
  return parse_calibration(serialize(calibration)).value();  // as read from its file
}

inline std::shared_ptr<const CutCalibration> shared_klt_calibration(int cut) {
  return std::make_shared<const CutCalibration>(klt_calibration(cut));
}

}  // namespace millrace
