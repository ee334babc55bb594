// The names in files of the tensors that a stage requests. Stages request ViT's tensors by timm's names
// (`blocks.0.attn.qkv.weight`), KWT's by the names in its published files (`blocks.0.attn.q.weight`), BERT's
// by Hugging Face's (`bert.encoder.layer.0.attention.self.query.weight`).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

// Ways to find a tensor in a file, best first: each lists the names of the parts to join along the first
// dimension. The name itself is the first way. For ViT, Hugging Face's names follow (`vit.`, `deit.`); for
// BERT, the names in a file without a head (without `bert.`), and `gamma` and `beta` for a LayerNorm's
// `weight` and `bias`, as in older files.
std::vector<std::vector<std::string>> names_in_files(const std::string& name);

// The block that a tensor belongs to, under any naming; nothing if it belongs to no block.
std::optional<int> block_of(std::string_view name_in_file);

}  // namespace millrace
