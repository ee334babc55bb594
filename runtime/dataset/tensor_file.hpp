// A safetensors file that holds a dataset: tensors with one row per image. Private to this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/weights/mapped_file.hpp"
#include "runtime/weights/safetensors.hpp"

namespace millrace {

class TensorFile {
 public:
  static Result<TensorFile> open(const std::string& path);

  const StoredTensor* find(const std::string& name) const;  // null: not in the file
  // The bytes of one row of a tensor. REQUIRES a non-empty tensor of this file, row < its rows.
  std::span<const std::byte> row(const StoredTensor& tensor, std::uint64_t row) const;
  // The tensor `label` [images], of classes 0 .. classes - 1; an empty list if the file has none.
  Result<std::vector<std::uint32_t>> labels(std::int64_t images, int classes) const;
  // Errors about the file, or about one of its tensors.
  Error error(const std::string& finding) const;
  Error error(const std::string& tensor, const std::string& finding) const;
  const std::string& path() const { return path_; }

 private:
  TensorFile() = default;
  std::string path_;
  std::shared_ptr<const MappedFile> file_;
  SafetensorsIndex index_;
};

// "[98, 40]"
std::string shape_text(const std::vector<std::int64_t>& shape);

}  // namespace millrace
