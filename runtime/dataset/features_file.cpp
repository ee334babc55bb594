#include "runtime/dataset/features_file.hpp"

#include <fmt/core.h>

#include <vector>

#include "runtime/codec/half.hpp"
#include "runtime/dataset/tensor_file.hpp"

namespace millrace {

namespace {

class FeaturesFile final : public Dataset {
 public:
  // `mfcc` is a tensor of `file`.
  FeaturesFile(TensorFile file, StoredTensor mfcc, std::vector<std::uint32_t> labels)
      : file_(std::move(file)), mfcc_(std::move(mfcc)), labels_(std::move(labels)) {}

  Result<void> read(std::uint64_t image, std::span<float> out) const override {
    if (image >= *size()) return file_.error(fmt::format("it has {} images, not image {}", *size(), image));
    widen_to_float(mfcc_.type, file_.row(mfcc_, image), out);
    if (mfcc_.type != WeightType::f16) {
      for (float& value : out) value = float_from_half(half_from_float(value));
    }
    return {};
  }
  std::optional<std::uint32_t> label(std::uint64_t image) const override {
    if (image >= labels_.size()) return std::nullopt;
    return labels_[image];
  }
  std::optional<std::uint64_t> size() const override { return static_cast<std::uint64_t>(mfcc_.shape[0]); }

 private:
  TensorFile file_;
  StoredTensor mfcc_;
  std::vector<std::uint32_t> labels_;
};

}  // namespace

Result<std::unique_ptr<Dataset>> open_features_file(const std::string& path, const ModelConfig& model) {
  MR_CHECK(model.family == ModelFamily::kwt);
  auto file = TensorFile::open(path);
  if (!file) return file.error();
  const StoredTensor* mfcc = file->find("mfcc");
  if (mfcc == nullptr) return file->error("there is no tensor \"mfcc\"");
  const bool fits = mfcc->shape.size() == 3 && mfcc->shape[0] >= 1 && mfcc->shape[1] == model.frames &&
                    mfcc->shape[2] == model.coefficients;
  if (!is_float(mfcc->type) || !fits)
    return file->error("mfcc", fmt::format("must be F16, BF16 or F32 of shape [images, {}, {}] for {}, is {} "
                                           "of {}",
                                           model.frames, model.coefficients, model.name, mfcc->dtype,
                                           shape_text(mfcc->shape)));
  auto labels = file->labels(mfcc->shape[0], model.classes);
  if (!labels) return labels.error();
  StoredTensor features = *mfcc;  // before `file` moves
  return std::unique_ptr<Dataset>(
      std::make_unique<FeaturesFile>(std::move(*file), std::move(features), std::move(*labels)));
}

}  // namespace millrace
