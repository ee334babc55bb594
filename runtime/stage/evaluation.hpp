// Measures accuracy: runs a whole model on labelled images, where activations at its cuts are encoded and
// decoded exactly as between devices. Up to a cut, fp32 is computed once per image; from there on, once for
// every quantization. No LibTorch in this header.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/base/proportion.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "runtime/dataset/dataset.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/stage/quantization.hpp"
#include "runtime/weights/weights.hpp"

namespace millrace {

inline constexpr std::uint32_t kTopPlaces = 5;

struct EvaluationRequest {
  ModelConfig model;
  std::uint64_t images = 0;  // how many, from the first of the dataset on
  // Each entry is a set of cuts that are quantized together, ascending, 1 .. sub_layers - 1.
  std::vector<std::vector<int>> cuts;
  std::vector<Quantization> quantizations;
  std::uint32_t microbatch = 8;  // images that are encoded together, as in a run
  std::string calibrations{};    // folder of side files for klt, see find_calibration(); empty: none
  int threads = 1;
  // The most fp32 activations to keep. If the images do not fit, they are processed in parts, and computed
  // again from the pixels for each set of cuts.
  Bytes kept_at_most{std::int64_t{1} << 30};
};

// The result of one quantization over all images. fp32 is codec "none", without cuts.
struct EvaluationRow {
  Quantization quantization;
  std::vector<int> cuts;
  std::uint64_t count = 0, correct = 0, correct_in_top = 0;  // images; label at rank 0, below kTopPlaces
  std::uint64_t not_finite = 0;  // of `count`: logits with a NaN or an infinity; never correct
  Bytes bytes;                   // of the encodings, headers and side information included
  std::uint64_t values = 0;      // values that crossed the cuts

  double bits_per_value() const;  // 32 without cuts
  Proportion top1() const { return {correct, count}; }
  Proportion top5() const { return {correct_in_top, count}; }
};

// In sub-layers computed, times images.
struct EvaluationProgress {
  double done = 0, all = 0;
};

struct EvaluationEvents {
  // Called when a row is complete: fp32 first, then cut set by cut set (in ascending order), each in the
  // order of the quantizations.
  std::function<void(const EvaluationRow&)> row;
  // Called several times a second. False ends the evaluation; rows that are not complete are lost.
  std::function<bool(const EvaluationProgress&)> progress;
};

// All block outputs but the last: 4, 8 .. sub_layers - 4.
std::vector<int> block_cuts(const ModelConfig& model);

// What is wrong with a request, in a sentence: a cut out of range, an image without a label, …
Result<void> check_request(const EvaluationRequest& request, const Dataset& dataset);

// True if the evaluation is complete, false if `progress` ended it. The counts do not depend on threads,
// memory or the other rows requested. An error names the image that has no label or cannot be read, the cut
// that is out of range, or the unknown codec. REQUIRES a dataset opened for this model.
Result<bool> evaluate(const EvaluationRequest& request, const Dataset& dataset, const WeightSource& weights,
                      const EvaluationEvents& events);

}  // namespace millrace
