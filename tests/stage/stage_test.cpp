#include "runtime/stage/stage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/stage/reference_vit.hpp"
#include "tests/stage/small_vit.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

TEST(Stage, EveryCutAgreesWithTheOracleWhateverTheNormalisation) {
  for (const auto normalisation : {Normalisation::half, Normalisation::imagenet}) {
    ModelConfig model = small_vit();
    model.normalisation = normalisation;
    const auto weights = random_weights(7);
    const CutTensors images = synthetic_images(model, 1);
    const auto expected = reference_cuts(model, *weights, images[0].values);
    for (int cut = 1; cut <= model.sub_layers(); ++cut) {
      const CutTensors found = forward(stage_of(model, {1, cut}), images);
      ASSERT_EQ(found.size(), expected[static_cast<std::size_t>(cut)].size());
      for (std::size_t t = 0; t < found.size(); ++t) {
        const auto& values = expected[static_cast<std::size_t>(cut)][t];
        ASSERT_EQ(found[t].values.size(), values.size());
        // fp32 against double: activations of size 1 (ImageNet's: 2), sums of up to 192 products per layer.
        for (std::size_t i = 0; i < values.size(); ++i)
          ASSERT_NEAR(found[t].values[i], values[i], 4e-5) << cut;
      }
    }
  }
}

TEST(Stage, AnyPartitionOfVitTinyGivesTheBitsOfTheWholeModel) {
  const ModelConfig model = *model_by_name("vit-tiny");
  const CutTensors images = synthetic_images(model, 2);
  const CutTensors whole = forward_in_stages(model, {}, images);
  Random random(2025, "partitions");
  for (int i = 0; i < 4; ++i) {
    const auto cuts = random_cuts(model, random);
    SCOPED_TRACE(testing::PrintToString(cuts));
    expect_same_bits(forward_in_stages(model, cuts, images), whole);
  }
}

TEST(Stage, MicrobatchAndThreadsDoNotChangeTheBits) {
  const ModelConfig model = *model_by_name("vit-tiny");
  const CutTensors images = synthetic_images(model, 5);
  const CutTensors together = forward(stage_of(model, {1, 48}), images);
  expect_same_bits(forward(stage_of(model, {1, 48}, 3), images), together);
  const Stage alone = stage_of(model, {1, 48});
  for (std::uint64_t i = 0; i < 5; ++i) {
    const auto logits = forward(alone, synthetic_images(model, 1, i))[0].values;
    EXPECT_TRUE(
        std::equal(logits.begin(), logits.end(), together[0].values.begin() + static_cast<int>(i) * 1000));
  }
}

TEST(Stage, NoImagesGiveNoValues) {
  const ModelConfig model = small_vit();
  const CutTensors output = forward(stage_of(model, {1, 12}, 2), make_cut_tensors(model, 0, 0));
  EXPECT_EQ(output[0].shape, (TensorShape{0, 1, 11}));
  EXPECT_TRUE(output[0].values.empty());
}

TEST(Stage, ImpossibleStagesAreErrors) {
  const ModelConfig model = small_vit();
  const auto weights = random_weights(1);
  for (const LayerRange range : {LayerRange{0, 3}, LayerRange{4, 3}, LayerRange{1, 13}}) {
    const auto stage = Stage::create(model, range, *weights);
    ASSERT_FALSE(stage.ok());
    EXPECT_THAT(stage.error().message, HasSubstr("small has 1..12"));
  }
  EXPECT_FALSE(Stage::create(model, {1, 2}, *weights, 0).ok());
  ModelConfig crooked = model;
  crooked.heads = 5;
  EXPECT_THAT(Stage::create(crooked, {1, 2}, *weights).error().message, HasSubstr("must divide width"));
}

}  // namespace
}  // namespace millrace
