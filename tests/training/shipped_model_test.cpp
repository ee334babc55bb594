// The model that ships with the tree: the claims of its README, measured as in a run.
#include <gtest/gtest.h>

#include <filesystem>

#include "runtime/dataset/dataset.hpp"
#include "runtime/dataset/shapes_dataset.hpp"
#include "runtime/stage/tensor_executor.hpp"
#include "runtime/training/vit_trainer.hpp"
#include "tests/stage/small_vit.hpp"

namespace millrace {
namespace {

const std::string kWeights = MILLRACE_SOURCE_DIR "/scenarios/models/vit-mini.safetensors";

class ShippedModel : public testing::Test {
 protected:
  static constexpr std::uint64_t kImages = 512;
  static constexpr std::uint32_t kMicrobatch = 64;

  Outcome run(Executor& executor, const Work& work) {
    auto outcome = executor.run(work);
    EXPECT_TRUE(outcome.ok()) << outcome.error().message;
    return *std::move(outcome);
  }

  // Share of correctly classified images through two stages with this codec between them.
  double accuracy(const CodecChoice& codec, double bits) {
    const DatasetChoice data{.model = model_, .dataset = "shapes", .seed = 1};
    StageChoice front{.model = model_, .layers = {1, 12}, .weights = kWeights, .codec = codec};
    StageChoice back = front;
    back.layers = {13, model_.sub_layers()};
    auto source = make_source_executor(data), sink = make_sink_executor(data);
    auto first = make_stage_executor(front), second = make_stage_executor(back);
    EXPECT_TRUE(source.ok() && sink.ok() && first.ok() && second.ok());
    std::uint64_t right = 0;
    for (std::uint64_t image = 0; image < kImages; image += kMicrobatch) {
      const MicrobatchId id{image / kMicrobatch};
      const auto work = [&](WorkKind kind, Payload payload) {
        return Work{kind, id, image, kMicrobatch, std::move(payload), Budget{bits}};
      };
      Payload payload = run(**source, work(WorkKind::load, {})).output;
      for (Executor* stage : {first->get(), second->get()}) {
        run(*stage, work(WorkKind::forward, payload));
        payload = run(*stage, work(WorkKind::encode, {})).output;
      }
      for (const ImageOutput& output : run(**sink, work(WorkKind::score, payload)).outputs)
        right += output.predicted == output.label ? 1U : 0U;
    }
    return static_cast<double>(right) / kImages;
  }

  const ModelConfig model_ = *model_by_name("vit-mini");
};

TEST_F(ShippedModel, ClassifiesHeldOutShapesAndIsHurtByNaiveTwoBits) {
  const double exact = accuracy({.name = "fp32"}, 32);
  const double eight = accuracy({.name = "uniform"}, 8);
  const double two = accuracy({.name = "uniform"}, 2);
  std::cout << "right: fp32 " << exact << ", uniform 8 bit " << eight << ", uniform 2 bit " << two << "\n";
  EXPECT_GT(exact, 0.9);
  EXPECT_NEAR(eight, exact, 0.01);
  EXPECT_LT(two, exact - 0.05);
}

// The trainer's forward shares no code with the stages'.
TEST_F(ShippedModel, LogitsAreThoseOfTheTrainer) {
  const auto images = *shapes_dataset(model_, 1);
  const auto weights = open_weights(kWeights, model_);
  ASSERT_TRUE(weights.ok()) << weights.error().message;
  const auto trainer = VitTrainer::create(model_, {}, 1, weights->get());
  const auto stage = Stage::create(model_, {1, model_.sub_layers()}, **weights);
  ASSERT_TRUE(trainer.ok() && stage.ok());
  for (std::uint64_t image = 0; image < 8; ++image) {
    CutTensors input = make_cut_tensors(model_, 0, 1);
    ASSERT_TRUE(images->read(image, input[0].values).ok());
    const auto expected = forward(*stage, input).front().values;
    const auto logits = trainer->logits(*images, image);
    ASSERT_TRUE(logits.ok());
    for (std::size_t c = 0; c < expected.size(); ++c) EXPECT_NEAR((*logits)[c], expected[c], 1e-4);
  }
}

TEST_F(ShippedModel, IsSmallAndDeepEnough) {
  EXPECT_LT(std::filesystem::file_size(kWeights), 1'500'000U);
  EXPECT_GE(model_.blocks, 6);
}

}  // namespace
}  // namespace millrace
