// A very small vision transformer, and helpers of the stage tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/dataset/dataset.hpp"
#include "runtime/stage/inputs.hpp"
#include "runtime/stage/stage.hpp"

namespace millrace {

inline ModelConfig small_vit() {
  return {.name = "small",
          .blocks = 3,
          .width = 48,
          .heads = 3,
          .mlp_width = 80,
          .image_size = 32,
          .patch = 8,
          .channels = 3,
          .classes = 11};
}

inline Stage stage_of(const ModelConfig& model, LayerRange layers, int threads = 1, std::uint64_t seed = 7) {
  auto stage = Stage::create(model, layers, *random_weights(seed), threads);
  MR_CHECK(stage.ok(), stage.ok() ? "" : stage.error().message);
  return std::move(*stage);
}

inline CutTensors synthetic_images(const ModelConfig& model, std::int64_t images, std::uint64_t first = 0) {
  const auto dataset = open_dataset("synthetic", model, 3);
  auto tensors = read_inputs(**dataset, model, first, static_cast<std::uint32_t>(images));
  MR_CHECK(tensors.ok());
  return std::move(*tensors);
}

inline CutTensors forward(const Stage& stage, const CutTensors& input) {
  auto output = stage.forward(input);
  MR_CHECK(output.ok(), output.ok() ? "" : output.error().message);
  return std::move(*output);
}

// Through stages that end at these cuts and at the model's end.
inline CutTensors forward_in_stages(const ModelConfig& model, const std::vector<int>& cuts,
                                    CutTensors tensors) {
  int first = 1;
  for (const int cut : cuts) {
    tensors = forward(stage_of(model, {first, cut}), tensors);
    first = cut + 1;
  }
  return forward(stage_of(model, {first, model.sub_layers()}), tensors);
}

// Bits, not values: 0 and -0 differ, and a NaN equals itself.
inline void expect_same_bits(const CutTensors& a, const CutTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].shape, b[i].shape);
    EXPECT_EQ(a[i].role, b[i].role);
    const auto x = std::as_bytes(std::span(a[i].values)), y = std::as_bytes(std::span(b[i].values));
    EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin(), y.end()));
  }
}

// Each cut with the same probability, which is drawn first.
inline std::vector<int> random_cuts(const ModelConfig& model, Random& random) {
  std::vector<int> cuts;
  const double density = random.uniform();
  for (int cut = 1; cut < model.sub_layers(); ++cut) {
    if (random.uniform() < density) cuts.push_back(cut);
  }
  return cuts;
}

}  // namespace millrace
