#include "runtime/dataset/tensor_file.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

namespace millrace {

Result<TensorFile> TensorFile::open(const std::string& path) {
  TensorFile opened;
  opened.path_ = path;
  auto file = MappedFile::open(path);
  if (!file) return file.error().in("reading dataset " + path);
  auto index = parse_safetensors((*file)->bytes());
  if (!index) return index.error().in("reading dataset " + path);
  opened.file_ = std::move(*file);
  opened.index_ = std::move(*index);
  return opened;
}

const StoredTensor* TensorFile::find(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &found->second;
}

std::span<const std::byte> TensorFile::row(const StoredTensor& tensor, std::uint64_t row) const {
  const std::uint64_t bytes = tensor.bytes / static_cast<std::uint64_t>(tensor.shape.at(0));
  MR_CHECK(row < static_cast<std::uint64_t>(tensor.shape[0]));
  return file_->bytes().subspan(tensor.offset + row * bytes, bytes);
}

Result<std::vector<std::uint32_t>> TensorFile::labels(std::int64_t images, int classes) const {
  const StoredTensor* stored = find("label");
  std::vector<std::uint32_t> labels;
  if (stored == nullptr) return labels;
  if (!is_integer(stored->type) || stored->shape != std::vector<std::int64_t>{images})
    return error("label", fmt::format("must be I64 or I32 of shape [{}], is {} of {}", images, stored->dtype,
                                      shape_text(stored->shape)));
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(images));
  widen_to_integer(stored->type, file_->bytes().subspan(stored->offset, stored->bytes), numbers);
  labels.reserve(numbers.size());
  for (const std::int64_t number : numbers) {
    if (number < 0 || number >= classes)
      return error("label", fmt::format("of image {} is {}, the model knows classes 0 to {}", labels.size(),
                                        number, classes - 1));
    labels.push_back(static_cast<std::uint32_t>(number));
  }
  return labels;
}

Error TensorFile::error(const std::string& finding) const {
  return {fmt::format("reading dataset {}: {}", path_, finding), ExitCode::invalid_input};
}

Error TensorFile::error(const std::string& tensor, const std::string& finding) const {
  return error(fmt::format("tensor \"{}\" {}", tensor, finding));
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace millrace
