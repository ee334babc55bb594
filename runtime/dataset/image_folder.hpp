// JPEG files and their labels in a CSV; open_dataset() documents the format.
#pragma once

#include <memory>
#include <string>

#include "runtime/dataset/dataset.hpp"

namespace millrace {

Result<std::unique_ptr<Dataset>> open_image_folder(const std::string& labels_csv, const ModelConfig& model);

}  // namespace millrace
