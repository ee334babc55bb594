// Real data: pretrained ViT-Tiny on labelled images, kept beside the tree and not in it.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/dataset/dataset.hpp"
#include "runtime/stage/inputs.hpp"
#include "runtime/stage/stage.hpp"
#include "runtime/stage/tensor_executor.hpp"

namespace millrace {
namespace {

class Pretrained : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(weights_) || !std::filesystem::exists(labels_))
      GTEST_SKIP() << "needs ../shared (pretrained weights): there is no " << shared_;
  }

  Outcome run(Executor& executor, const Work& work) {
    auto outcome = executor.run(work);
    EXPECT_TRUE(outcome.ok()) << outcome.error().message;
    return *std::move(outcome);
  }

  const std::filesystem::path shared_ = std::filesystem::path(MILLRACE_SOURCE_DIR).parent_path() / "shared";
  const std::string weights_ = (shared_ / "models/vit_tiny/vit_tiny_fp32.safetensors").string();
  const std::string labels_ = (shared_ / "data/imagenet_val_650/labels.csv").string();
  const ModelConfig model_ = *model_by_name("vit-tiny");
};

// The reference: another implementation's logits of the first four images.
TEST_F(Pretrained, LogitsAreThoseOfTheReference) {
  std::ifstream reference(shared_ / "models/vit_tiny/reference_logits.csv");
  ASSERT_TRUE(reference);
  const auto dataset = open_dataset("image-folder:" + labels_, model_, 1);
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  const auto weights = open_weights(weights_, model_);
  ASSERT_TRUE(weights.ok()) << weights.error().message;
  const auto stage = Stage::create(model_, {1, 48}, **weights);
  ASSERT_TRUE(stage.ok()) << stage.error().message;

  const auto images = read_inputs(**dataset, model_, 0, 4);
  ASSERT_TRUE(images.ok()) << images.error().message;
  const auto logits = stage->forward(*images);
  ASSERT_TRUE(logits.ok());

  double worst = 0;
  std::string line, word;
  std::getline(reference, line);
  for (std::size_t image = 0; image < 4; ++image) {
    ASSERT_TRUE(std::getline(reference, line));
    std::istringstream words(line);
    std::getline(words, word, ',');  // the file's name
    for (std::size_t c = 0; c < 1000; ++c) {
      ASSERT_TRUE(std::getline(words, word, ','));
      worst = std::max(worst, std::abs(std::stod(word) - double{logits->front().values[image * 1000 + c]}));
    }
  }
  RecordProperty("worst_error", std::to_string(worst));
  std::cout << "largest difference from the reference's logits: " << worst << "\n";
  EXPECT_LT(worst, 1e-3);
}

// Computed by executors in two stages, as in a run.
TEST_F(Pretrained, ClassifiesAsManyRightAsTheReference) {
  const DatasetChoice dataset{.model = model_, .dataset = "image-folder:" + labels_};
  StageChoice front{.model = model_, .layers = {1, 22}, .weights = weights_, .threads = 2};
  StageChoice back = front;
  back.layers = {23, 48};
  auto source = make_source_executor(dataset), sink = make_sink_executor(dataset);
  auto first = make_stage_executor(front), second = make_stage_executor(back);
  ASSERT_TRUE(source.ok() && sink.ok() && first.ok() && second.ok());

  int right = 0, count = 0;
  Duration computing;
  for (std::uint64_t image = 0; image < 650; image += 13) {
    const MicrobatchId id{image / 13};
    const Budget full{32};
    Payload payload = run(**source, {WorkKind::load, id, image, 13, {}, full}).output;
    for (Executor* stage : {first->get(), second->get()}) {
      computing += run(*stage, {WorkKind::forward, id, image, 13, payload, full}).measured.compute;
      payload = run(*stage, {WorkKind::encode, id, image, 13, {}, full}).output;
    }
    for (const ImageOutput& output : run(**sink, {WorkKind::score, id, image, 13, payload, full}).outputs) {
      ASSERT_TRUE(output.label.has_value());
      right += output.predicted == output.label ? 1 : 0;
      ASSERT_EQ(output.label_rank == 0U, output.predicted == output.label);
      ++count;
    }
  }
  std::cout << right << " of " << count << " right, " << computing.seconds() << " s computing\n";
  EXPECT_EQ(count, 650);
  EXPECT_NEAR(right, 536, 1);
}

}  // namespace
}  // namespace millrace
