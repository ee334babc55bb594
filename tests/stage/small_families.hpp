// Small models of the other families, and sequences made by hand.
#pragma once

#include <vector>

#include "tests/stage/small_vit.hpp"

namespace millrace {

inline ModelConfig small_kwt() {
  return {.name = "small-kwt",
          .family = ModelFamily::kwt,
          .blocks = 3,
          .width = 48,
          .heads = 3,
          .mlp_width = 80,
          .channels = 0,
          .classes = 11,
          .frames = 14,
          .coefficients = 9};
}

inline ModelConfig small_bert() {
  return {.name = "small-bert",
          .family = ModelFamily::bert,
          .blocks = 3,
          .width = 48,
          .heads = 4,
          .mlp_width = 80,
          .channels = 0,
          .classes = 5,
          .sequence = 12,
          .positions = 20,
          .vocabulary = 101};
}

struct Sequence {
  std::vector<float> ids;
  float first_segment = 0;
};

// Sequences as the tensors at cut 0, padded with token `padding`.
inline CutTensors batch_of(const ModelConfig& model, const std::vector<Sequence>& sequences,
                           float padding = 0) {
  CutTensors tensors = make_cut_tensors(model, 0, static_cast<std::int64_t>(sequences.size()));
  std::fill(tensors[0].values.begin(), tensors[0].values.end(), padding);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    std::copy(sequences[i].ids.begin(), sequences[i].ids.end(),
              tensors[0].values.begin() + static_cast<std::ptrdiff_t>(i) * model.sequence);
    tensors[1].values[2 * i] = static_cast<float>(sequences[i].ids.size());
    tensors[1].values[2 * i + 1] = sequences[i].first_segment;
  }
  return tensors;
}

}  // namespace millrace
