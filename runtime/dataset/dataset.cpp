#include "runtime/dataset/dataset.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "runtime/dataset/features_file.hpp"
#include "runtime/dataset/image_folder.hpp"
#include "runtime/dataset/shapes_dataset.hpp"
#include "runtime/dataset/synthetic_dataset.hpp"
#include "runtime/dataset/synthetic_features.hpp"
#include "runtime/dataset/synthetic_tokens.hpp"
#include "runtime/dataset/tokens_file.hpp"

namespace millrace {

namespace {

// Datasets in files, by the prefix of the path.
struct Format {
  std::string_view prefix;
  ModelFamily family;
  Result<std::unique_ptr<Dataset>> (*open)(const std::string& path, const ModelConfig& model);
};
constexpr std::array<Format, 3> kFormats{{
    {"image-folder:", ModelFamily::vit, open_image_folder},
    {"features:", ModelFamily::kwt, open_features_file},
    {"tokens:", ModelFamily::bert, open_tokens_file},
}};

std::unique_ptr<Dataset> synthetic(const ModelConfig& model, std::uint64_t seed) {
  switch (model.family) {
    case ModelFamily::vit:
      break;
    case ModelFamily::kwt:
      return synthetic_features(model, seed);
    case ModelFamily::bert:
      return synthetic_tokens(model, seed);
  }
  return synthetic_dataset(model, seed);
}

}  // namespace

Result<void> ImageDataset::read(std::uint64_t image, std::span<float> out) const {
  std::vector<std::uint8_t> pixels(out.size());
  auto done = read_pixels(image, pixels);
  if (done) std::ranges::copy(pixels, out.begin());
  return done;
}

Result<std::unique_ptr<Dataset>> open_dataset(const std::string& dataset, const ModelConfig& model,
                                              std::uint64_t seed) {
  if (dataset == "synthetic") return synthetic(model, seed);
  if (dataset == "shapes") {
    auto shapes = shapes_dataset(model, seed);
    if (!shapes) return shapes.error();
    return std::unique_ptr<Dataset>(std::move(*shapes));
  }
  for (const Format& format : kFormats) {
    if (!dataset.starts_with(format.prefix)) continue;
    if (format.family != model.family)
      return Error{fmt::format("dataset {}: {} is for the {} family, {} is of {}", dataset, format.prefix,
                               family_name(format.family), model.name, family_name(model.family)),
                   ExitCode::invalid_input};
    return format.open(dataset.substr(format.prefix.size()), model);
  }
  return Error{
      fmt::format("no dataset is called \"{}\"; known are synthetic, shapes, image-folder:PATH/labels.csv, "
                  "features:FILE.safetensors and tokens:FILE.safetensors",
                  dataset),
      ExitCode::invalid_input};
}

}  // namespace millrace
