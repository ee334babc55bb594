#include "runtime/weights/weight_names.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace millrace {

namespace {

struct Renaming {
  std::string_view timm, hugging_face;
};
constexpr std::array<Renaming, 6> kOutsideBlocks{{
    {"cls_token", "embeddings.cls_token"},
    {"pos_embed", "embeddings.position_embeddings"},
    {"patch_embed.proj.weight", "embeddings.patch_embeddings.projection.weight"},
    {"patch_embed.proj.bias", "embeddings.patch_embeddings.projection.bias"},
    {"norm.weight", "layernorm.weight"},
    {"norm.bias", "layernorm.bias"},
}};
constexpr std::array<Renaming, 5> kInBlocks{{
    {"norm1.", "layernorm_before."},
    {"attn.proj.", "attention.output.dense."},
    {"norm2.", "layernorm_after."},
    {"mlp.fc1.", "intermediate.dense."},
    {"mlp.fc2.", "output.dense."},
}};
constexpr std::string_view kTimmBlocks = "blocks.";
constexpr std::string_view kJoined = "attn.qkv.";

// The names of the parts, without the prefix `vit.` or `deit.`.
std::vector<std::string> in_block(std::string_view number, std::string_view member) {
  const std::string layer = "encoder.layer." + std::string(number) + ".";
  if (member.starts_with(kJoined)) {
    std::vector<std::string> parts;
    for (const char* part : {"query.", "key.", "value."})
      parts.push_back(layer + "attention.attention." + part + std::string(member.substr(kJoined.size())));
    return parts;
  }
  for (const Renaming& renaming : kInBlocks) {
    if (member.starts_with(renaming.timm))
      return {layer + std::string(renaming.hugging_face) + std::string(member.substr(renaming.timm.size()))};
  }
  return {};
}

constexpr std::string_view kBert = "bert.";

// The names that BERT's tensors have had over time.
std::vector<std::vector<std::string>> bert_names(const std::string& name) {
  std::vector<std::string> endings{name};
  for (const auto& [now, then] : {std::pair<std::string_view, std::string_view>{"LayerNorm.weight", "gamma"},
                                  {"LayerNorm.bias", "beta"}}) {
    if (!name.ends_with(now)) continue;
    const std::size_t dot = name.rfind('.');
    endings.push_back(name.substr(0, dot + 1) + std::string(then));
  }
  std::vector<std::vector<std::string>> ways;
  ways.reserve(2 * endings.size());
  for (const std::string& ending : endings) ways.push_back({ending});
  for (const std::string& ending : endings) ways.push_back({ending.substr(kBert.size())});
  return ways;
}

}  // namespace

std::vector<std::vector<std::string>> names_in_files(const std::string& timm_name) {
  if (timm_name.starts_with(kBert)) return bert_names(timm_name);
  std::vector<std::vector<std::string>> ways{{timm_name}};
  const std::string_view name = timm_name;
  if (name.starts_with("head.")) {  // Hugging Face keeps it outside the prefix
    ways.push_back({"classifier." + timm_name.substr(5)});
    return ways;
  }
  std::vector<std::string> parts;
  if (name.starts_with(kTimmBlocks)) {
    const auto dot = name.find('.', kTimmBlocks.size());
    if (dot != std::string_view::npos)
      parts = in_block(name.substr(kTimmBlocks.size(), dot - kTimmBlocks.size()), name.substr(dot + 1));
  } else {
    for (const Renaming& renaming : kOutsideBlocks) {
      if (name == renaming.timm) parts = {std::string(renaming.hugging_face)};
    }
  }
  if (parts.empty()) return ways;
  for (const char* prefix : {"vit.", "deit."}) {
    ways.push_back(parts);
    for (std::string& part : ways.back()) part.insert(0, prefix);
  }
  return ways;
}

std::optional<int> block_of(std::string_view name) {
  for (const std::string_view prefix :
       {kTimmBlocks, std::string_view("vit.encoder.layer."), std::string_view("deit.encoder.layer."),
        std::string_view("bert.encoder.layer."), std::string_view("encoder.layer.")}) {
    if (!name.starts_with(prefix)) continue;
    int block = 0;
    const auto [end, fault] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), block);
    if (fault == std::errc::result_out_of_range) return std::numeric_limits<int>::max();
    if (fault == std::errc{} && end != name.data() + name.size() && *end == '.') return block;
  }
  return std::nullopt;
}

}  // namespace millrace
