#include "runtime/training/vit_trainer.hpp"

#include <ATen/ATen.h>
#include <fmt/core.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/grad_mode.h>
#include <torch/optim/adamw.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "runtime/stage/blas.hpp"
#include "runtime/stage/thread_team.hpp"
#include "runtime/stage/vit_layers.hpp"
#include "runtime/training/vit_autograd.hpp"

namespace millrace {

namespace {

// Large enough for efficient products, small enough for the cache and for several threads.
constexpr std::int64_t kChunk = 32;
constexpr double kLongestGradient = 1.0;  // L2 norm over all parameters; longer gradients are scaled down

struct ImageRange {
  std::uint64_t first = 0;
  std::int64_t count = 0;
};

struct ChunkResult {
  Score score;
  std::vector<at::Tensor> gradients;  // of the sum of losses
  std::optional<Error> fault;
};

std::vector<ImageRange> chunks_of(ImageRange all) {
  std::vector<ImageRange> chunks;
  for (std::int64_t done = 0; done < all.count; done += kChunk)
    chunks.push_back({all.first + static_cast<std::uint64_t>(done), std::min(kChunk, all.count - done)});
  return chunks;
}

torch::optim::OptimizerParamGroup group_of(std::vector<at::Tensor> parameters, double weight_decay) {
  auto options = std::make_unique<torch::optim::AdamWOptions>();
  options->weight_decay(weight_decay).betas({0.9, 0.98});
  return {std::move(parameters), std::move(options)};
}

// Norms, biases, positions and the class token do not decay.
torch::optim::AdamW make_optimiser(const VitAutograd& vit, double weight_decay) {
  std::vector<at::Tensor> matrices, others;
  for (std::size_t i = 0; i < vit.names().size(); ++i) {
    const bool token = vit.names()[i] == "cls_token" || vit.names()[i] == "pos_embed";
    (vit.parameters()[i].dim() > 1 && !token ? matrices : others).push_back(vit.parameters()[i]);
  }
  return torch::optim::AdamW({group_of(std::move(matrices), weight_decay), group_of(std::move(others), 0)},
                             torch::optim::AdamWOptions());
}

Result<void> check_plan(const TrainingPlan& plan) {
  constexpr std::int64_t kMostBatch = 65'536;
  constexpr int kMostThreads = 1024;
  const auto error = [](std::string finding) { return Error{std::move(finding), ExitCode::invalid_input}; };
  if (plan.steps < 1) return error(fmt::format("steps must be at least 1, got {}", plan.steps));
  if (plan.batch < 1 || plan.batch > kMostBatch)
    return error(fmt::format("batch must be 1 to {}, got {}", kMostBatch, plan.batch));
  if (plan.threads < 1 || plan.threads > kMostThreads)
    return error(fmt::format("threads must be 1 to {}, got {}", kMostThreads, plan.threads));
  return {};
}

}  // namespace

double learning_rate_at(const TrainingPlan& plan, std::int64_t step) {
  const double warm = std::max(1.0, plan.warm_up * static_cast<double>(plan.steps));
  const auto now = static_cast<double>(step);
  if (now < warm) return plan.learning_rate * (now + 1) / warm;
  const double rest = std::max(1.0, static_cast<double>(plan.steps) - warm);
  const double done = std::min(1.0, (now - warm) / rest);
  return plan.learning_rate * (1 + std::cos(std::numbers::pi * done)) / 2;
}

class VitTrainer::Body {
 public:
  Body(VitAutograd vit, const TrainingPlan& plan)
      : vit_(std::move(vit)),
        plan_(plan),
        optimiser_(make_optimiser(vit_, plan.weight_decay)),
        team_(plan.threads) {}

  Result<Score> step(const ImageDataset& images) {
    const auto results = run(images, {static_cast<std::uint64_t>(steps_ * plan_.batch), plan_.batch}, true);
    auto score = add(results);
    if (!score) return score;
    for (std::size_t p = 0; p < vit_.parameters().size(); ++p) {
      at::Tensor sum = results[0].gradients[p].clone();
      for (std::size_t chunk = 1; chunk < results.size(); ++chunk) sum.add_(results[chunk].gradients[p]);
      vit_.parameters()[p].mutable_grad() = sum.div_(static_cast<double>(plan_.batch));
    }
    shorten_gradient();
    for (auto& group : optimiser_.param_groups())
      static_cast<torch::optim::AdamWOptions&>(group.options()).lr(learning_rate_at(plan_, steps_));
    optimiser_.step();
    ++steps_;
    return score;
  }

  Result<Score> score(const ImageDataset& images, std::uint64_t count) {
    return add(run(images, {0, static_cast<std::int64_t>(count)}, false));
  }

  Result<std::vector<float>> logits(const ImageDataset& images, std::uint64_t image) const {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(vit_.model().input_values()));
    if (const auto read = images.read_pixels(image, pixels); !read) return read.error();
    const torch::autograd::AutoGradMode without(false);
    const at::Tensor out = vit_.forward(pixels).contiguous();
    return std::vector<float>(out.data_ptr<float>(), out.data_ptr<float>() + out.numel());
  }

  std::int64_t steps() const { return steps_; }

  std::vector<NamedTensor> weights() const {
    std::vector<NamedTensor> tensors;
    for (std::size_t i = 0; i < vit_.names().size(); ++i) {
      const at::Tensor& values = vit_.parameters()[i];
      const auto* start = values.data_ptr<float>();
      tensors.push_back({vit_.names()[i], values.sizes().vec(), {start, start + values.numel()}});
    }
    return tensors;
  }

 private:
  std::vector<ChunkResult> run(const ImageDataset& images, ImageRange range, bool learning) {
    const auto chunks = chunks_of(range);
    std::vector<ChunkResult> results(chunks.size());
    team_.split(static_cast<std::int64_t>(chunks.size()), [&](std::int64_t begin, std::int64_t end) {
      one_thread_per_operation();
      const torch::autograd::AutoGradMode mode(learning);
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
        run_chunk(images, chunks[i], learning, results[i]);
    });
    return results;
  }

  void run_chunk(const ImageDataset& images, ImageRange range, bool learning, ChunkResult& result) const {
    const auto values = static_cast<std::size_t>(vit_.model().input_values());
    std::vector<std::uint8_t> pixels(values * static_cast<std::size_t>(range.count));
    at::Tensor labels = at::empty({range.count}, at::kLong);
    for (std::int64_t i = 0; i < range.count; ++i) {
      const std::uint64_t image = range.first + static_cast<std::uint64_t>(i);
      const auto read =
          images.read_pixels(image, std::span(pixels).subspan(values * static_cast<std::size_t>(i), values));
      if (!read) {
        result.fault = read.error();
        return;
      }
      const auto label = images.label(image);
      MR_CHECK(label.has_value(), "training and scoring need labels");
      labels.data_ptr<std::int64_t>()[i] = *label;
    }
    const at::Tensor logits = vit_.forward(pixels);
    const at::Tensor loss = at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum);
    result.score.images = static_cast<std::uint64_t>(range.count);
    result.score.right = static_cast<std::uint64_t>(logits.argmax(1).eq(labels).sum().item<std::int64_t>());
    result.score.loss = loss.item<double>();
    if (learning) result.gradients = torch::autograd::grad({loss}, vit_.parameters());
  }

  static Result<Score> add(const std::vector<ChunkResult>& results) {
    Score all;
    for (const ChunkResult& result : results) {
      if (result.fault) return *result.fault;
      all.images += result.score.images;
      all.right += result.score.right;
      all.loss += result.score.loss;
    }
    if (all.images > 0) all.loss /= static_cast<double>(all.images);
    return all;
  }

  void shorten_gradient() {
    double square = 0;
    for (const at::Tensor& parameter : vit_.parameters())
      square += parameter.grad().square().sum().item<double>();
    const double length = std::sqrt(square);
    if (length <= kLongestGradient) return;
    for (const at::Tensor& parameter : vit_.parameters())
      parameter.mutable_grad().mul_(kLongestGradient / length);
  }

  VitAutograd vit_;
  TrainingPlan plan_;
  torch::optim::AdamW optimiser_;
  ThreadTeam team_;
  std::int64_t steps_ = 0;
};

Result<VitTrainer> VitTrainer::create(const ModelConfig& model, const TrainingPlan& plan, std::uint64_t seed,
                                      const WeightSource* start) {
  if (const auto checked = check_model(model); !checked) return checked.error();
  if (const auto checked = check_plan(plan); !checked) return checked.error();
  prepare_blas();
  one_thread_per_operation();
  if (start == nullptr) return VitTrainer(std::make_unique<Body>(VitAutograd::fresh(model, seed), plan));
  auto vit = VitAutograd::of(model, *start);
  if (!vit) return vit.error();
  return VitTrainer(std::make_unique<Body>(*std::move(vit), plan));
}

VitTrainer::VitTrainer(std::unique_ptr<Body> body) : body_(std::move(body)) {}
VitTrainer::VitTrainer(VitTrainer&&) noexcept = default;
VitTrainer& VitTrainer::operator=(VitTrainer&&) noexcept = default;
VitTrainer::~VitTrainer() = default;
Result<Score> VitTrainer::step(const ImageDataset& images) { return body_->step(images); }
std::int64_t VitTrainer::steps() const { return body_->steps(); }
Result<Score> VitTrainer::score(const ImageDataset& images, std::uint64_t count) const {
  return body_->score(images, count);
}
Result<std::vector<float>> VitTrainer::logits(const ImageDataset& images, std::uint64_t image) const {
  return body_->logits(images, image);
}
std::vector<NamedTensor> VitTrainer::weights() const { return body_->weights(); }

}  // namespace millrace
