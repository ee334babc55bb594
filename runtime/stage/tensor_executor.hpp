// Does the work of nodes on real tensors, with one executor per role. WorkCost is wall-clock time of this
// machine. Inputs come from peers: sizes are checked before anything is allocated; a wrong size is an error.
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
  std::uint64_t images = 0;           // source: how many will be read; a smaller dataset is an error
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

// Does `load`: outputs the encodings of the images' tensors at cut 0, one after the other. measured.compute
// is the time of reading the images, measured.encode that of encoding them.
Result<std::unique_ptr<Executor>> make_source_executor(const DatasetChoice& choice);

// Does `forward` (input: the encodings of tensors_at_cut(layers.first - 1) one after the other) and `encode`
// (output likewise for the cut layers.last). Encoding a microbatch that was not computed is an error, as is
// computing one again before it was encoded. With a folder of calibrations the stage decodes with that of its
// input's cut and encodes with that of its output's. A cut without a file is coded without a calibration; the
// stage that encodes it warns. A broken file, or one of another model, is an error.
Result<std::unique_ptr<Executor>> make_stage_executor(const StageChoice& choice);

// Does `score`: class, label and SHA-256 of each image's logits. Among equal logits the first is the largest.
// Logits with a NaN or an infinity predict no class and give the label the last rank.
Result<std::unique_ptr<Executor>> make_sink_executor(const DatasetChoice& choice);

}  // namespace millrace
