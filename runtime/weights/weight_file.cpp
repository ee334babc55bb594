#include "runtime/weights/weight_file.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "runtime/weights/mapped_file.hpp"
#include "runtime/weights/model_tensors.hpp"
#include "runtime/weights/weight_names.hpp"

namespace millrace {
namespace {

constexpr std::size_t kNamed = 4;  // the most tensors that a sentence names

Error invalid(std::string finding) { return {std::move(finding), ExitCode::invalid_input}; }

// Whether no forward pass uses the tensor; README.md says why.
bool is_harmless(std::string_view name, ModelFamily family) {
  const auto any = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
  };
  if (name.ends_with(".num_batches_tracked")) return true;
  switch (family) {
    case ModelFamily::vit:
      return name.starts_with("vit.pooler.") || name.starts_with("deit.pooler.") ||
             any({"mask_token", "vit.embeddings.mask_token", "deit.embeddings.mask_token"});
    case ModelFamily::kwt:
      return name.starts_with("mfcc.");
    case ModelFamily::bert:
      return name.starts_with("cls.") || any({"embeddings.position_ids", "bert.embeddings.position_ids",
                                              "embeddings.token_type_ids", "bert.embeddings.token_type_ids"});
  }
  return false;
}

// A part of a tensor's name, and the feature of a network that it stands for.
struct Sign {
  std::string_view part, meaning;
};
constexpr std::array<Sign, 15> kSigns{{
    {".ls1.", "LayerScale; multiply the rows of attn.proj and mlp.fc2 by it, and leave it out"},
    {".ls2.", "LayerScale; multiply the rows of attn.proj and mlp.fc2 by it, and leave it out"},
    {"layer_scale", "LayerScale; multiply the rows of attn.proj and mlp.fc2 by it, and leave it out"},
    {".lambda_", "LayerScale; multiply the rows of attn.proj and mlp.fc2 by it, and leave it out"},
    {"dist_token", "a distillation token; use the model without distillation"},
    {"distillation", "a distillation token; use the model without distillation"},
    {"head_dist", "a second head for distillation; use the model without distillation"},
    {"reg_token", "register tokens"},
    {"register", "register tokens"},
    {"fc_norm", "the mean over tokens in place of the class token"},
    {"norm_pre", "a norm before the blocks"},
    {"pre_logits", "a layer before the head"},
    {"q_norm", "norms of q and k"},
    {"distance_embedding", "positions relative to each other"},
    {"relative_position", "positions relative to each other"},
}};

std::string meaning_of(const std::vector<std::string>& names) {
  for (const Sign& sign : kSigns)
    for (const std::string& name : names)
      if (name.find(sign.part) != std::string::npos) return fmt::format(" ({})", sign.meaning);
  return {};
}

std::string some_of(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (std::size_t i = 0; i < std::min(names.size(), kNamed); ++i) quoted.push_back(in_quotes(names[i]));
  const auto rest = names.size() - quoted.size();
  return fmt::format("{}{}", fmt::join(quoted, ", "), rest > 0 ? fmt::format(" and {} more", rest) : "");
}

// The names in the file that parts_of() takes for the model's tensors.
std::set<std::string_view> names_read(const SafetensorsIndex& index, const ModelConfig& model) {
  std::set<std::string_view> read;
  for (const ModelTensor& tensor : model_tensors(model)) {
    for (const auto& names : names_in_files(tensor.name)) {
      const auto here = [&](const std::string& name) { return index.contains(name); };
      if (!std::ranges::all_of(names, here)) continue;
      for (const std::string& name : names) read.insert(index.find(name)->first);
      break;
    }
  }
  return read;
}

Result<void> check_blocks(const SafetensorsIndex& index, const ModelConfig& model) {
  for (const auto& [name, stored] : index) {
    const auto block = block_of(name);
    if (block && *block >= model.blocks)
      return invalid(fmt::format("tensor {} is of a block that {} with {} blocks does not have",
                                 in_quotes(name), model.name, model.blocks));
  }
  return {};
}

// An error for tensors that are missing or differ in shape or type; it names the first of them.
Result<void> check_tensors_there(const SafetensorsIndex& index, const ModelConfig& model) {
  std::vector<std::string> missing, faults;
  for (const ModelTensor& tensor : model_tensors(model)) {
    const auto parts = parts_of(tensor.name, index);
    if (parts.empty()) {
      missing.push_back(tensor.name);
    } else if (const auto fault = fault_of(parts, tensor.shape)) {
      faults.push_back(fmt::format("tensor {} {}", in_quotes(tensor.name), *fault));
    }
  }
  if (!missing.empty())
    return invalid(fmt::format("{} {} not in the file, and {} needs {}", some_of(missing),
                               missing.size() == 1 ? "is" : "are", model.name,
                               missing.size() == 1 ? "it" : "them"));
  if (faults.empty()) return {};
  return invalid(
      fmt::format("{}{}", faults.front(),
                  faults.size() > 1 ? fmt::format(" (and {} more like it)", faults.size() - 1) : ""));
}

}  // namespace

std::vector<const StoredTensor*> parts_of(const std::string& name, const SafetensorsIndex& index) {
  for (const auto& names : names_in_files(name)) {
    std::vector<const StoredTensor*> parts;
    for (const std::string& part : names) {
      if (const auto found = index.find(part); found != index.end()) parts.push_back(&found->second);
    }
    if (parts.size() == names.size()) return parts;
  }
  return {};
}

std::optional<std::string> fault_of(const std::vector<const StoredTensor*>& parts,
                                    const std::vector<std::int64_t>& shape) {
  auto part_shape = shape;
  part_shape[0] = shape[0] / static_cast<std::int64_t>(parts.size());
  for (const StoredTensor* part : parts) {
    if (!is_float(part->type)) return fmt::format("has dtype {}; F32, F16 and BF16 are read", part->dtype);
    if (part->shape != part_shape)
      return fmt::format("has shape [{}], the model needs [{}]", fmt::join(part->shape, ", "),
                         fmt::join(part_shape, ", "));
  }
  return std::nullopt;
}

Result<void> check_tensors_read(const SafetensorsIndex& index, const ModelConfig& model) {
  if (auto blocks = check_blocks(index, model); !blocks) return blocks;
  const auto read = names_read(index, model);
  std::vector<std::string> unread;
  for (const auto& [name, stored] : index)
    if (!read.contains(name) && !is_harmless(name, model.family)) unread.push_back(name);
  if (unread.empty()) return {};
  if (read.empty())
    return invalid(fmt::format("it is of another model: {} reads none of its tensors ({})", model.name,
                               some_of(unread)));
  return invalid(
      fmt::format("{} {} read by nothing in {}{}; without {} it computes something else, so the file "
                  "is of another network",
                  some_of(unread), unread.size() == 1 ? "is" : "are", model.name, meaning_of(unread),
                  unread.size() == 1 ? "it" : "them"));
}

Result<void> check_weight_file(const std::string& path, const ModelConfig& model) {
  const std::string context = "reading weights " + path;
  const auto file = MappedFile::open(path);
  if (!file) return file.error().in(context);
  const auto index = parse_safetensors((*file)->bytes());
  if (!index) return index.error().in(context);
  if (const auto read = check_tensors_read(*index, model); !read) return read.error().in(context);
  if (const auto there = check_tensors_there(*index, model); !there) return there.error().in(context);
  return {};
}

}  // namespace millrace
