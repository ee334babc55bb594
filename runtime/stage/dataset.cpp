#include "runtime/stage/dataset.hpp"

#include <fmt/core.h>

#include "runtime/stage/image_folder.hpp"
#include "runtime/stage/shapes_dataset.hpp"
#include "runtime/stage/synthetic_dataset.hpp"

namespace millrace {

Result<std::unique_ptr<Dataset>> open_dataset(const std::string& dataset, const ModelConfig& model,
                                              std::uint64_t seed) {
  constexpr std::string_view kFolder = "image-folder:";
  if (dataset == "synthetic") return synthetic_dataset(model, seed);
  if (dataset == "shapes") return shapes_dataset(model, seed);
  if (dataset.starts_with(kFolder)) return open_image_folder(dataset.substr(kFolder.size()), model);
  return Error{
      fmt::format("no dataset is called \"{}\"; known are synthetic, shapes and image-folder:PATH/labels.csv",
                  dataset),
      ExitCode::invalid_input};
}

}  // namespace millrace
