// Synthetic images with labels that a test chooses.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "runtime/base/check.hpp"
#include "runtime/dataset/dataset.hpp"

namespace millrace {

class LabelledDataset final : public Dataset {
 public:
  LabelledDataset(const ModelConfig& model, std::vector<std::uint32_t> labels) : labels_(std::move(labels)) {
    auto images = open_dataset("synthetic", model, 3);
    MR_CHECK(images.ok());
    images_ = std::move(*images);
  }
  Result<void> read(std::uint64_t image, std::span<float> out) const override {
    return images_->read(image, out);
  }
  std::optional<std::uint32_t> label(std::uint64_t image) const override {
    if (image >= labels_.size()) return std::nullopt;
    return labels_[image];
  }
  // One more image than there are labels.
  std::optional<std::uint64_t> size() const override { return labels_.size() + 1; }

 private:
  std::unique_ptr<Dataset> images_;
  std::vector<std::uint32_t> labels_;
};

}  // namespace millrace
