#include "runtime/training/vit_trainer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "runtime/dataset/shapes_dataset.hpp"
#include "tests/stage/small_vit.hpp"
#include "tests/weights/safetensors_file.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

ModelConfig tiny() {
  ModelConfig model = small_vit();
  model.blocks = 2;
  model.image_size = 16;
  model.patch = 4;
  model.classes = 13;
  return model;
}

VitTrainer trainer_of(const ModelConfig& model, const TrainingPlan& plan,
                      const WeightSource* start = nullptr) {
  auto trainer = VitTrainer::create(model, plan, 1, start);
  MR_CHECK(trainer.ok(), trainer.ok() ? "" : trainer.error().message);
  return std::move(*trainer);
}

std::string file_of(const VitTrainer& trainer) { return half_safetensors(trainer.weights(), {}); }

TEST(VitTrainer, WeightsDoNotDependOnTheNumberOfThreads) {
  const ModelConfig model = tiny();
  const auto images = *shapes_dataset(model, 1, ShapeSplit::training);
  std::set<std::string> files;
  for (const int threads : {1, 2, 3}) {
    auto trainer = trainer_of(model, {.steps = 3, .batch = 80, .threads = threads});
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(trainer.step(*images).ok());
    files.insert(file_of(trainer));
  }
  EXPECT_EQ(files.size(), 1U);
}

TEST(VitTrainer, LearnsWhatItIsShown) {
  const ModelConfig model = tiny();
  const auto images = *shapes_dataset(model, 1, ShapeSplit::training, ShapeDifficulty::gentle);
  auto trainer = trainer_of(model, {.steps = 120, .batch = 32, .learning_rate = 3e-3});
  const auto before = trainer.score(*images, 256);
  while (trainer.steps() < 120) ASSERT_TRUE(trainer.step(*images).ok());
  const auto after = trainer.score(*images, 256);
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_NEAR(before->loss, std::log(13), 1e-3);  // the head starts at zero: all classes are equal
  EXPECT_LT(after->loss, before->loss - 0.3);
  EXPECT_GT(after->accuracy(), 0.2);
}

// A wrong gradient, or a step in the wrong direction, would raise the loss on the images of the step itself.
TEST(VitTrainer, AStepLowersTheLossOfItsOwnImages) {
  const ModelConfig model = tiny();
  const auto images = *shapes_dataset(model, 1, ShapeSplit::training);
  auto trainer = trainer_of(model, {.steps = 1, .batch = 64, .learning_rate = 1e-3, .warm_up = 0});
  const auto before = trainer.step(*images), after = trainer.score(*images, 64);
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_LT(after->loss, before->loss);
}

// Its forward and the stages' share no code: one image at a time there, batches with gradients here.
TEST(VitTrainer, LogitsAreThoseOfAStage) {
  const ModelConfig model = tiny();
  const auto images = *shapes_dataset(model, 1);
  const auto weights = random_weights(7);
  const auto trainer = trainer_of(model, {}, weights.get());
  const Stage stage = stage_of(model, {1, model.sub_layers()});
  for (std::uint64_t image = 0; image < 4; ++image) {
    CutTensors input = make_cut_tensors(model, 0, 1);
    ASSERT_TRUE(images->read(image, input[0].values).ok());
    const auto expected = forward(stage, input).front().values;
    const auto logits = trainer.logits(*images, image);
    ASSERT_TRUE(logits.ok());
    ASSERT_EQ(logits->size(), expected.size());
    for (std::size_t c = 0; c < expected.size(); ++c) EXPECT_NEAR((*logits)[c], expected[c], 1e-4);
  }
}

TEST(VitTrainer, TheRateWarmsUpAndFallsToZero) {
  const TrainingPlan plan{.steps = 100, .learning_rate = 2, .warm_up = 0.1};
  EXPECT_DOUBLE_EQ(learning_rate_at(plan, 0), 0.2);
  EXPECT_DOUBLE_EQ(learning_rate_at(plan, 9), 2);
  EXPECT_DOUBLE_EQ(learning_rate_at(plan, 10), 2);
  EXPECT_DOUBLE_EQ(learning_rate_at(plan, 55), 1);
  EXPECT_NEAR(learning_rate_at(plan, 100), 0, 1e-12);
}

TEST(VitTrainer, ImpossiblePlansAreErrors) {
  const auto error = [](const TrainingPlan& plan) {
    return VitTrainer::create(tiny(), plan, 1).error().message;
  };
  EXPECT_THAT(error({.steps = 0}), HasSubstr("steps must be at least 1, got 0"));
  EXPECT_THAT(error({.batch = 0}), HasSubstr("batch must be 1 to 65536, got 0"));
  EXPECT_THAT(error({.threads = 0}), HasSubstr("threads must be 1 to 1024, got 0"));
}

TEST(HalfSafetensors, AreReadBackByTheWeightReader) {
  const ModelConfig model = tiny();
  const auto trainer = trainer_of(model, {}, random_weights(7).get());
  const TemporaryFile file("w.safetensors", half_safetensors(trainer.weights(), {{"made_by", "a \"test\""}}));
  const auto weights = open_weights(file.path(), model);
  ASSERT_TRUE(weights.ok()) << weights.error().message;
  for (const NamedTensor& tensor : trainer.weights()) {
    const auto read = (*weights)->tensor(tensor.name, tensor.shape);
    ASSERT_TRUE(read.ok()) << read.error().message;
    ASSERT_EQ(read->values.size(), tensor.values.size());
    for (std::size_t i = 0; i < tensor.values.size(); ++i)
      EXPECT_NEAR(read->values[i], tensor.values[i], 1e-3F * std::abs(tensor.values[i]) + 1e-7F);
  }
}

}  // namespace
}  // namespace millrace
