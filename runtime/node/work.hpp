// Computing is asynchronous: a node requests work, and a later event brings its outcome. Executors do the
// work (real tensors in runtime/stage, sizes only in `simulate`); a cost model gives its cost in time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"
#include "runtime/codec/codec.hpp"
#include "runtime/node/message.hpp"

namespace millrace {

enum class WorkKind : std::uint8_t {
  load,     // source: read images first_image .. +images, encode them
  forward,  // stage: decode the input, run the stage's layers, keep the result under the microbatch's id
  encode,   // stage: encode the kept result within the budget, and forget it
  score,    // sink: decode logits, classify, hash
};

struct Work {
  WorkKind kind = WorkKind::forward;
  MicrobatchId microbatch;
  std::uint64_t first_image = 0;
  std::uint32_t images = 0;
  Payload input;  // forward, score
  Budget budget;  // encode
};

struct WorkCost {
  Duration decode, compute, encode;
  Duration total() const { return decode + compute + encode; }
};

// One image's result at the sink. Without tensors only the image number is known.
struct ImageOutput {
  std::uint64_t image = 0;
  // Index of the largest logit, the first of equals; nothing if a logit is NaN or infinite.
  std::optional<std::uint32_t> predicted;
  std::optional<std::uint32_t> label;  // where the dataset has labels
  std::string logits_sha256;           // of the little-endian fp32 logits; empty without tensors
  // The number of classes that rank before the label: 0 if predicted == label, all classes if nothing is
  // predicted. Needs tensors and a label.
  std::optional<std::uint32_t> label_rank{};

  // There are logits, but some are NaN or infinite.
  bool not_finite() const { return !logits_sha256.empty() && !predicted; }
};

struct Outcome {
  Payload output;                    // load, encode
  std::uint64_t values = 0;          // float values in `output`
  double bit_width = 0;              // encode: the codec's choice under the budget
  WorkCost measured;                 // wall-clock time taken; zero where nothing was computed
  std::vector<ImageOutput> outputs;  // score
};

// Does the work of one node, one piece at a time, on whichever thread calls it.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual Result<Outcome> run(const Work& work) = 0;
};

class CostModel {
 public:
  virtual ~CostModel() = default;
  // The price of the work if it is known beforehand (a profile); nothing if it must be measured.
  virtual std::optional<WorkCost> planned(const Work& work) const = 0;
  // The price of work that took `measured`. REQUIRES !planned(work).
  virtual WorkCost charged(const WorkCost& measured) const { return measured; }
};

}  // namespace millrace
