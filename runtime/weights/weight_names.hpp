// The names under which files keep what a stage asks for. ViT's tensors are asked for by timm's names
// (`blocks.0.attn.qkv.weight`), KWT's by those of its file (`blocks.0.attn.q.weight`), BERT's by
// Hugging Face's (`bert.encoder.layer.0.attention.self.query.weight`).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

// Ways to find a tensor in a file, best first: each the names of the parts to join along the first dimension.
// The name itself is the first way. For ViT, Hugging Face's names follow (`vit.`, `deit.`); for BERT, those
// of a file without head (without `bert.`), and `gamma` and `beta` for a LayerNorm's `weight` and `bias`, as
// older files have it.
std::vector<std::vector<std::string>> names_in_files(const std::string& name);

// The block a tensor of any naming belongs to, if any.
std::optional<int> block_of(std::string_view name_in_file);

}  // namespace millrace
