#include "runtime/stage/post_norm_blocks.hpp"

#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#include <fmt/core.h>

namespace millrace {

namespace {

// [tokens, n] with rows of zeroes up to [rows, n].
at::Tensor padded(const at::Tensor& x, std::int64_t rows) {
  if (x.size(0) == rows) return x;
  at::Tensor wide = at::zeros({rows, x.size(1)}, x.options());
  wide.narrow(0, 0, x.size(0)).copy_(x);
  return wide;
}

}  // namespace

PostNormBlocks PostNormBlocks::load(const ModelConfig& model, LayerRange range, const PostNormStyle& style,
                                    LayerLoader& loader) {
  PostNormBlocks blocks;
  blocks.heads_ = model.heads;
  blocks.first_block_ = block_of_layer(range.first);
  blocks.norm_epsilon_ = style.norm_epsilon;
  blocks.gelu_by_tanh_ = style.gelu_by_tanh;
  const std::int64_t d = model.width, m = model.mlp_width;
  for (int b = blocks.first_block_; b <= block_of_layer(range.last); ++b) {
    const std::string prefix = fmt::format(fmt::runtime(style.prefix), b);
    const auto has = [&](int kind) { return range.contains(4 * b + kind); };
    const auto projected = [&](const std::string& name) {
      if (style.qkv_bias) return loader.affine(prefix + name, {d, d});
      return Affine{loader.tensor(prefix + name + ".weight", {d, d}), {}};
    };
    Block block;
    if (has(1)) {
      block.query = projected(style.query);
      block.key = projected(style.key);
      block.value = projected(style.value);
    }
    if (has(2)) {
      block.projection = loader.affine(prefix + style.projection, {d, d});
      block.norm1 = loader.affine(prefix + style.norm1, {d});
    }
    if (has(3)) block.up = loader.affine(prefix + style.up, {m, d});
    if (has(4)) {
      block.down = loader.affine(prefix + style.down, {d, m});
      block.norm2 = loader.affine(prefix + style.norm2, {d});
    }
    blocks.blocks_.push_back(std::move(block));
  }
  return blocks;
}

Activations PostNormBlocks::run(int layer, const Activations& in, std::int64_t tokens) const {
  const Block& block = blocks_[static_cast<std::size_t>(block_of_layer(layer) - first_block_)];
  const std::int64_t rows = in.residual.size(0);
  const at::Tensor x = in.residual.narrow(0, 0, tokens);
  const auto norm_of_sum = [&](const Affine& linear, const Affine& norm) {
    const at::Tensor sum = at::linear(in.inner.narrow(0, 0, tokens), linear.weight, linear.bias).add_(x);
    return padded(layer_norm(sum, norm, norm_epsilon_), rows);
  };
  Activations out;
  out.lengths = in.lengths;
  switch ((layer - 1) % 4) {
    case 0:
      out.residual = in.residual;
      out.inner = padded(attend(x, block), rows);
      break;
    case 1:
      out.residual = norm_of_sum(block.projection, block.norm1);
      break;
    case 2: {
      out.residual = in.residual;
      at::Tensor hidden = at::linear(x, block.up.weight, block.up.bias);
      at::gelu_(hidden, gelu_by_tanh_ ? "tanh" : "none");
      out.inner = padded(hidden, rows);
      break;
    }
    default:
      out.residual = norm_of_sum(block.down, block.norm2);
      break;
  }
  return out;
}

// `x` holds only tokens in use, so no mask is needed.
at::Tensor PostNormBlocks::attend(const at::Tensor& x, const Block& block) const {
  const auto heads = [&](const Affine& affine) {
    return at::linear(x, affine.weight, affine.bias)
        .view({x.size(0), heads_, x.size(1) / heads_})
        .transpose(0, 1);
  };
  return attention(heads(block.query), heads(block.key), heads(block.value));
}

}  // namespace millrace
