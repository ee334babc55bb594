// A contiguous range of a model's sub-layers, ready to compute with LibTorch, which stays behind this header.
// Images are computed one by one, each on one thread, so an image's result has the same bits for any division
// into stages, any number of images in its microbatch and any number of threads. (Not across machines: BLAS
// kernels and vector widths differ.)
#pragma once

#include <memory>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/codec/codec.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/weights/weights.hpp"

namespace millrace {

// One of the tensors at a cut, of a whole microbatch, fp32, row-major.
struct CutTensor {
  TensorShape shape;
  TensorRole role = TensorRole::residual;
  std::vector<float> values;  // shape.values() of them

  TensorView view() const { return {values, shape, role}; }
};
// In the order of tensors_at_cut(). Cut 0 holds values as codec_for()'s codecs decode them: pixels 0..255,
// channels first; features, frame by frame; token ids and lengths as whole numbers. Ids after a sequence's
// length may be any within the vocabulary.
using CutTensors = std::vector<CutTensor>;

// Zeroes in the shapes of a cut. REQUIRES a cut of the model, images >= 0.
CutTensors make_cut_tensors(const ModelConfig& model, int cut, std::int64_t images);

class Stage {
 public:
  // Takes what it needs from `weights`, which need not outlive the stage. The first stage holds the embedding
  // with the pixels' normalisation (pixel_statistics), the last one also the head. `threads` share the images
  // of a microbatch. `device` is LibTorch's name of the device that computes (`cuda:0`); inputs and outputs
  // are always in main memory. An error says which tensor or dimension is wrong, or that there is no such
  // device.
  static Result<Stage> create(const ModelConfig& model, LayerRange layers, const WeightSource& weights,
                              int threads = 1, const std::string& device = "cpu");
  Stage(Stage&&) noexcept;
  Stage& operator=(Stage&&) noexcept;
  ~Stage();

  LayerRange layers() const;
  const ModelConfig& model() const;

  // From the tensors at cut layers().first - 1 to those at layers().last. REQUIRES the shapes and roles of
  // tensors_at_cut(), the same number of images in all tensors, one caller at a time (stages are independent
  // of one another). Errors: an invalid token id or length, and LibTorch's own, such as lack of memory.
  Result<CutTensors> forward(const CutTensors& input) const;

 private:
  class Body;
  explicit Stage(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace millrace
