#include <fmt/core.h>
#include <fmt/ranges.h>

#include <optional>

#include "runtime/stage/mapped_file.hpp"
#include "runtime/stage/safetensors.hpp"
#include "runtime/stage/weight_names.hpp"
#include "runtime/stage/weights.hpp"

namespace millrace {

namespace {

class FileWeights final : public WeightSource {
 public:
  FileWeights(std::string path, std::shared_ptr<const MappedFile> mapping, SafetensorsIndex index)
      : path_(std::move(path)), mapping_(std::move(mapping)), index_(std::move(index)) {}

  Result<WeightTensor> tensor(const std::string& name,
                              const std::vector<std::int64_t>& shape) const override {
    std::vector<const StoredTensor*> parts;
    std::vector<std::int64_t> part_shape = shape;
    for (const auto& names : names_in_files(name)) {
      parts.clear();
      for (const std::string& part : names) {
        if (const auto found = index_.find(part); found != index_.end()) parts.push_back(&found->second);
      }
      if (parts.size() != names.size()) continue;
      part_shape[0] = shape[0] / static_cast<std::int64_t>(parts.size());
      for (const StoredTensor* part : parts) {
        if (auto fault = check(*part, name, part_shape)) return *fault;
      }
      return parts.size() == 1 ? take(*parts[0]) : join(parts);
    }
    return error(name, "is not in the file");
  }

  // A block the model does not have: the file belongs to another model.
  Result<void> check_blocks(const ModelConfig& model) const {
    for (const auto& [name, stored] : index_) {
      const auto block = block_of(name);
      if (block && *block >= model.blocks)
        return Error{
            fmt::format("reading weights {}: tensor {} is of a block that {} with {} blocks does not have",
                        path_, in_quotes(name), model.name, model.blocks),
            ExitCode::invalid_input};
    }
    return {};
  }

 private:
  Error error(const std::string& name, const std::string& finding) const {
    return {fmt::format("reading weights {}: tensor \"{}\" {}", path_, name, finding),
            ExitCode::invalid_input};
  }

  std::optional<Error> check(const StoredTensor& part, const std::string& name,
                             const std::vector<std::int64_t>& shape) const {
    if (!is_float(part.type))
      return error(name, fmt::format("has dtype {}; F32, F16 and BF16 are read", part.dtype));
    if (part.shape != shape)
      return error(name, fmt::format("has shape [{}], the model needs [{}]", fmt::join(part.shape, ", "),
                                     fmt::join(shape, ", ")));
    return std::nullopt;
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
  auto weights = std::make_unique<FileWeights>(path, std::move(*mapping), std::move(*index));
  if (const auto checked = weights->check_blocks(model); !checked) return checked.error();
  return std::unique_ptr<WeightSource>(std::move(weights));
}

}  // namespace millrace
