#include <fmt/core.h>

#include "runtime/weights/mapped_file.hpp"
#include "runtime/weights/safetensors.hpp"
#include "runtime/weights/weight_file.hpp"
#include "runtime/weights/weights.hpp"

namespace millrace {

namespace {

class FileWeights final : public WeightSource {
 public:
  FileWeights(std::string path, std::shared_ptr<const MappedFile> mapping, SafetensorsIndex index)
      : path_(std::move(path)), mapping_(std::move(mapping)), index_(std::move(index)) {}

  Result<WeightTensor> tensor(const std::string& name,
                              const std::vector<std::int64_t>& shape) const override {
    const auto parts = parts_of(name, index_);
    if (parts.empty()) return error(name, "is not in the file");
    if (const auto fault = fault_of(parts, shape)) return error(name, *fault);
    return parts.size() == 1 ? take(*parts[0]) : join(parts);
  }

 private:
  Error error(const std::string& name, const std::string& finding) const {
    return {fmt::format("reading weights {}: tensor \"{}\" {}", path_, name, finding),
            ExitCode::invalid_input};
  }

  std::span<const std::byte> stored(const StoredTensor& part) const {
    return mapping_->bytes().subspan(part.offset, part.bytes);
  }

  Result<WeightTensor> take(const StoredTensor& part) const {
    const auto bytes = stored(part);
    const bool aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(float) == 0;
    if (part.type != WeightType::f32 || !aligned) return join({&part});
    mapping_->fault_in(bytes);
    return WeightTensor{{reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)},
                        mapping_};
  }

  Result<WeightTensor> join(const std::vector<const StoredTensor*>& parts) const {
    const auto count = [](const StoredTensor& part) { return part.bytes / size_of(part.type); };
    std::size_t total = 0;
    for (const StoredTensor* part : parts) total += count(*part);
    auto values = std::make_shared<std::vector<float>>(total);
    std::span<float> rest = *values;
    for (const StoredTensor* part : parts) {
      widen_to_float(part->type, stored(*part), rest.first(count(*part)));
      mapping_->release(stored(*part));
      rest = rest.subspan(count(*part));
    }
    const std::span<const float> view = *values;
    return WeightTensor{view, std::move(values)};
  }

  std::string path_;
  std::shared_ptr<const MappedFile> mapping_;
  SafetensorsIndex index_;
};

}  // namespace

Result<std::unique_ptr<WeightSource>> open_weights(const std::string& path, const ModelConfig& model) {
  const std::string context = "reading weights " + path;
  auto mapping = MappedFile::open(path);
  if (!mapping) return mapping.error().in(context);
  auto index = parse_safetensors((*mapping)->bytes());
  if (!index) return index.error().in(context);
  if (const auto read = check_tensors_read(*index, model); !read) return read.error().in(context);
  return std::unique_ptr<WeightSource>(
      std::make_unique<FileWeights>(path, std::move(*mapping), std::move(*index)));
}

}  // namespace millrace
