// The names under which files keep what timm calls `blocks.0.attn.qkv.weight`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

// Ways to find a tensor in a file, best first: each the names of the parts to join along the first dimension.
// timm's own name is the first way; Hugging Face's follow, for ViT and DeiT (`vit.`, `deit.`).
std::vector<std::vector<std::string>> names_in_files(const std::string& timm_name);

// The block a tensor of either naming belongs to, if any.
std::optional<int> block_of(std::string_view name_in_file);

}  // namespace millrace
