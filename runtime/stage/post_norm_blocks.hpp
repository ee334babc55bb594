// The blocks of a post-norm transformer, used by KWT and BERT: x ← norm(x + attention(x)), then
// x ← norm(x + MLP(x)). Private to this folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/stage/layers.hpp"

namespace millrace {

// What differs between families.
struct PostNormStyle {
  double norm_epsilon = 1e-6;
  bool gelu_by_tanh = false;
  bool qkv_bias = true;
  // Names of tensors, without `.weight` and `.bias`; `prefix` comes first, with {} for the block's number.
  std::string prefix, query, key, value, projection, norm1, up, down, norm2;
};

class PostNormBlocks {
 public:
  // The blocks that `range` touches; weights of sub-layers outside it stay undefined.
  static PostNormBlocks load(const ModelConfig& model, LayerRange range, const PostNormStyle& style,
                             LayerLoader& loader);

  // One sub-layer on the first `tokens` rows of [T, ...] activations, T >= tokens; the rest is padding, which
  // is neither read nor computed: the output has zeroes there. `in.residual` is the embedding for sub-layer
  // 1.
  Activations run(int layer, const Activations& in, std::int64_t tokens) const;

 private:
  struct Block {
    Affine query, key, value, projection, norm1, up, down, norm2;
  };

  at::Tensor attend(const at::Tensor& x, const Block& block) const;

  std::int64_t heads_ = 1;
  int first_block_ = 0;
  double norm_epsilon_ = 0;
  bool gelu_by_tanh_ = false;
  std::vector<Block> blocks_;  // index 0 is first_block_
};

}  // namespace millrace
