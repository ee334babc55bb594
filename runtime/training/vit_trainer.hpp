// Trains a vision transformer on the images of a dataset; LibTorch stays behind this header. A step splits
// its batch into chunks of a fixed size, whose gradients are added in their order, so that the weights do not
// depend on the number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/dataset/dataset.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/weights/safetensors_writer.hpp"
#include "runtime/weights/weights.hpp"

namespace millrace {

// AdamW (Loshchilov and Hutter 2019) with a linear warm-up and cosine decay to zero.
struct TrainingPlan {
  std::int64_t steps = 4000;
  std::int64_t batch = 128;       // images per step
  double learning_rate = 1.5e-3;  // at its peak
  double weight_decay = 0.05;     // of matrices
  double warm_up = 0.05;          // share of the steps
  int threads = 1;
};

// The rate of step `step`, counted from 0.
double learning_rate_at(const TrainingPlan& plan, std::int64_t step);

struct Score {
  std::uint64_t images = 0, right = 0;
  double loss = 0;  // mean cross entropy
  double accuracy() const {
    return images == 0 ? 0 : static_cast<double>(right) / static_cast<double>(images);
  }
};

class VitTrainer {
 public:
  // From `start`, or from fresh weights of this seed. An error says which dimension, thread count or tensor
  // is wrong.
  static Result<VitTrainer> create(const ModelConfig& model, const TrainingPlan& plan, std::uint64_t seed,
                                   const WeightSource* start = nullptr);
  VitTrainer(VitTrainer&&) noexcept;
  VitTrainer& operator=(VitTrainer&&) noexcept;
  ~VitTrainer();

  // One step over the next plan.batch images of `images`; returns their score before it. REQUIRES labels.
  Result<Score> step(const ImageDataset& images);
  // The number of steps made.
  std::int64_t steps() const;
  // The score over images 0..count-1.
  Result<Score> score(const ImageDataset& images, std::uint64_t count) const;
  // [classes] of one image, computed as in training.
  Result<std::vector<float>> logits(const ImageDataset& images, std::uint64_t image) const;
  std::vector<NamedTensor> weights() const;

 private:
  class Body;
  explicit VitTrainer(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace millrace
