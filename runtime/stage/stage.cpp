#include "runtime/stage/stage.hpp"

#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "runtime/base/caught.hpp"
#include "runtime/stage/blas.hpp"
#include "runtime/stage/layers.hpp"
#include "runtime/stage/thread_team.hpp"

namespace millrace {

namespace {

constexpr int kMaxThreads = 1024;

// One image of a tensor, not copied. Inputs are only read.
at::Tensor image_of(const CutTensor& tensor, std::int64_t image) {
  const std::int64_t values = tensor.shape.rows * tensor.shape.width;
  auto* start = const_cast<float*>(tensor.values.data()) + image * values;
  return at::from_blob(start, {tensor.shape.rows, tensor.shape.width}, at::kFloat);
}

bool whole_number_between(float value, std::int64_t low, std::int64_t high) {
  return value >= static_cast<float>(low) && value <= static_cast<float>(high) && value == std::floor(value);
}

const CutTensor* find(const CutTensors& tensors, TensorRole role) {
  const auto found = std::ranges::find(tensors, role, &CutTensor::role);
  return found == tensors.end() ? nullptr : &*found;
}

// Checks the numbers that are used as indices and lengths; they may come from a peer. All other values are
// only operands.
Result<void> check_input(const ModelConfig& model, const CutTensors& input) {
  if (const CutTensor* lengths = find(input, TensorRole::lengths)) {
    const auto per_image = static_cast<std::size_t>(lengths->shape.width);
    for (std::size_t i = 0; i < lengths->values.size(); i += per_image) {
      const float tokens = lengths->values[i];
      if (!whole_number_between(tokens, 1, model.tokens()))
        return Error{fmt::format("image {} of the microbatch says it has {} tokens, possible are 1 to {}",
                                 i / per_image, tokens, model.tokens())};
      if (per_image > 1 &&
          !whole_number_between(lengths->values[i + 1], 0, static_cast<std::int64_t>(tokens)))
        return Error{fmt::format("image {} of the microbatch says its first segment has {} of {} tokens",
                                 i / per_image, lengths->values[i + 1], tokens)};
    }
  }
  if (const CutTensor* tokens = find(input, TensorRole::tokens)) {
    for (const float id : tokens->values) {
      if (!whole_number_between(id, 0, model.vocabulary - 1))
        return Error{fmt::format("token id {} is not in the vocabulary, 0 to {}", id, model.vocabulary - 1)};
    }
  }
  return {};
}

}  // namespace

class Stage::Body {
 public:
  Body(ModelConfig model, LayerRange range, std::unique_ptr<const Layers> layers, int threads,
       at::Device device)
      : model_(std::move(model)),
        range_(range),
        layers_(std::move(layers)),
        team_(threads),
        device_(device) {}

  const ModelConfig& model() const { return model_; }
  LayerRange range() const { return range_; }

  Result<CutTensors> forward(const CutTensors& input) {
    const std::int64_t images = images_of(input);
    if (const auto checked = check_input(model_, input); !checked) return checked.error();
    CutTensors output = make_cut_tensors(model_, range_.last, images);
    team_.split(images, [&](std::int64_t begin, std::int64_t end) {
      const c10::InferenceMode inference;
      one_thread_per_operation();
      const BlasCall call;
      for (std::int64_t image = begin; image < end; ++image) forward_image(input, image, output);
    });
    return output;
  }

 private:
  std::int64_t images_of(const CutTensors& input) const {
    const auto specs = tensors_at_cut(model_, range_.first - 1);
    MR_CHECK(input.size() == specs.size(), "the tensors of the stage's input cut");
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const TensorShape& shape = input[i].shape;
      MR_CHECK(shape == (TensorShape{input[0].shape.images, specs[i].rows, specs[i].width}));
      MR_CHECK(input[i].role == specs[i].role);
      MR_CHECK(input[i].values.size() == static_cast<std::size_t>(shape.values()));
    }
    return input[0].shape.images;
  }

  void forward_image(const CutTensors& input, std::int64_t image, CutTensors& output) const {
    Activations now;
    for (const CutTensor& tensor : input) {
      // Lengths are read by the CPU, so they stay in main memory.
      const bool counts = tensor.role == TensorRole::lengths;
      place_of(tensor.role, now) = counts ? image_of(tensor, image) : image_of(tensor, image).to(device_);
    }
    for (int layer = range_.first; layer <= range_.last; ++layer) now = layers_->run(layer, now);
    for (const CutTensor& tensor : output) image_of(tensor, image).copy_(place_of(tensor.role, now));
  }

  static at::Tensor& place_of(TensorRole role, Activations& activations) {
    if (role == TensorRole::lengths) return activations.lengths;
    const bool inner = role == TensorRole::attention_context || role == TensorRole::gelu;
    return inner ? activations.inner : activations.residual;
  }

  ModelConfig model_;
  LayerRange range_;
  std::unique_ptr<const Layers> layers_;
  ThreadTeam team_;
  at::Device device_;
};

CutTensors make_cut_tensors(const ModelConfig& model, int cut, std::int64_t images) {
  MR_CHECK(images >= 0);
  CutTensors tensors;
  for (const TensorSpec& spec : tensors_at_cut(model, cut)) {
    const TensorShape shape{images, spec.rows, spec.width};
    tensors.push_back({shape, spec.role, std::vector<float>(static_cast<std::size_t>(shape.values()))});
  }
  return tensors;
}

Result<Stage> Stage::create(const ModelConfig& model, LayerRange layers, const WeightSource& weights,
                            int threads, const std::string& device) {
  if (const auto checked = check_model(model); !checked) return checked.error();
  if (layers.first < 1 || layers.first > layers.last || layers.last > model.sub_layers())
    return Error{fmt::format("a stage of sub-layers {}..{}: {} has 1..{}", layers.first, layers.last,
                             model.name, model.sub_layers()),
                 ExitCode::invalid_input};
  if (threads < 1 || threads > kMaxThreads)
    return Error{fmt::format("a stage takes 1 to {} threads, got {}", kMaxThreads, threads),
                 ExitCode::invalid_input};
  prepare_blas();
  try {
    const at::Device where(device);
    auto loaded = load_layers(model, layers, weights, where);
    if (!loaded) return loaded.error();
    return Stage(std::make_unique<Body>(model, layers, std::move(*loaded), threads, where));
  } catch (...) {
    return caught(fmt::format("loading sub-layers {}..{} of {} on device {} for {} threads", layers.first,
                              layers.last, model.name, device, threads));
  }
}

Result<CutTensors> Stage::forward(const CutTensors& input) const {
  try {
    return body_->forward(input);
  } catch (...) {
    return caught(
        fmt::format("computing sub-layers {}..{} of {}", layers().first, layers().last, model().name));
  }
}

Stage::Stage(std::unique_ptr<Body> body) : body_(std::move(body)) {}
Stage::Stage(Stage&&) noexcept = default;
Stage& Stage::operator=(Stage&&) noexcept = default;
Stage::~Stage() = default;
LayerRange Stage::layers() const { return body_->range(); }
const ModelConfig& Stage::model() const { return body_->model(); }

}  // namespace millrace
