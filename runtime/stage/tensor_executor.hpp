// The work of nodes done on real tensors, one executor per role. WorkCost is wall-clock time of this machine.
// Inputs come from peers: sizes are checked before anything is allocated, and what does not fit is an error.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/base/limits.hpp"
#include "runtime/base/result.hpp"
#include "runtime/codec/codec.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/node/work.hpp"

namespace millrace {

inline constexpr std::size_t kMaxKeptMicrobatches = 64;  // computed, not yet encoded

struct DatasetChoice {
  ModelConfig model;
  std::string dataset = "synthetic";  // see open_dataset()
  std::uint64_t seed = 1;             // of synthetic images
  std::uint64_t images = 0;           // source: how many will be read; fewer in the dataset are an error
};

struct StageChoice {
  ModelConfig model;
  LayerRange layers;
  std::string weights = "random";  // see make_weights()
  std::uint64_t seed = 1;          // of random weights
  CodecChoice codec{};             // of activations; see codec_for()
  std::string calibrations{};      // folder of side files for klt; empty: none
  int threads = 1;
  std::string device = "cpu";  // of LibTorch; see Stage::create()
};

// Does `load`: the encodings of the images' input, the tensors at cut 0, one after the other. cost.compute is
// reading the images, cost.encode encoding them.
Result<std::unique_ptr<Executor>> make_source_executor(const DatasetChoice& choice);

// Does `forward` (input: the encodings of tensors_at_cut(layers.first - 1) one after the other) and `encode`
// (output likewise for the cut layers.last). Encoding a microbatch that was not computed is an error, as is
// computing one again before it was encoded. With a folder of calibrations the stage decodes with the one of
// its input's cut and encodes with the one of its output's; a cut whose file is not there is done without,
// and a warning says so where it is encoded. A file that is broken, or another model's, is an error.
Result<std::unique_ptr<Executor>> make_stage_executor(const StageChoice& choice);

// Does `score`: class, label and SHA-256 of each image's logits. Among equal logits the first is the largest;
// NaN is never larger.
Result<std::unique_ptr<Executor>> make_sink_executor(const DatasetChoice& choice);

}  // namespace millrace
