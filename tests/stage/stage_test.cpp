#include "runtime/stage/stage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/random.hpp"
#include "tests/stage/reference_vit.hpp"
#include "tests/stage/small_vit.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

// Bits, not values: 0 and -0 differ, and a NaN equals itself.
void expect_same_bits(const CutTensors& a, const CutTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].shape, b[i].shape);
    const auto x = std::as_bytes(std::span(a[i].values)), y = std::as_bytes(std::span(b[i].values));
    EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin(), y.end()));
  }
}

std::vector<int> random_cuts(const ModelConfig& model, Random& random) {
  std::vector<int> cuts;
  const double density = random.uniform();
  for (int cut = 1; cut < model.sub_layers(); ++cut) {
    if (random.uniform() < density) cuts.push_back(cut);
  }
  return cuts;
}

TEST(Stage, EveryCutAgreesWithTheOracle) {
  const ModelConfig model = small_vit();
  const auto weights = random_weights(7);
  const CutTensors images = synthetic_images(model, 1);
  const auto expected = reference_cuts(model, *weights, images[0].values);
  for (int cut = 1; cut <= model.sub_layers(); ++cut) {
    const CutTensors found = forward(stage_of(model, {1, cut}), images);
    ASSERT_EQ(found.size(), expected[static_cast<std::size_t>(cut)].size());
    for (std::size_t t = 0; t < found.size(); ++t) {
      const auto& values = expected[static_cast<std::size_t>(cut)][t];
      ASSERT_EQ(found[t].values.size(), values.size());
      // fp32 against double: activations of size 1, sums of up to 192 products per layer.
      for (std::size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(found[t].values[i], values[i], 2e-5) << cut;
    }
  }
}

TEST(Stage, OutputHasTheTensorsOfItsCut) {
  const ModelConfig model = small_vit();
  for (int cut = 1; cut <= model.sub_layers(); ++cut) {
    const CutTensors output = forward(stage_of(model, {1, cut}), synthetic_images(model, 2));
    const auto specs = tensors_at_cut(model, cut);
    ASSERT_EQ(output.size(), specs.size());
    for (std::size_t i = 0; i < specs.size(); ++i) {
      EXPECT_EQ(output[i].role, specs[i].role);
      EXPECT_EQ(output[i].shape, (TensorShape{2, specs[i].rows, specs[i].width}));
    }
  }
}

TEST(Stage, AnyPartitionGivesTheBitsOfTheWholeModel) {
  const ModelConfig model = small_vit();
  const CutTensors images = synthetic_images(model, 3);
  const CutTensors whole = forward_in_stages(model, {}, images);
  std::vector<int> every_cut;
  for (int cut = 1; cut < model.sub_layers(); ++cut) every_cut.push_back(cut);
  expect_same_bits(forward_in_stages(model, every_cut, images), whole);
  Random random(2024, "partitions");
  for (int i = 0; i < 30; ++i) {
    const auto cuts = random_cuts(model, random);
    SCOPED_TRACE(testing::PrintToString(cuts));
    expect_same_bits(forward_in_stages(model, cuts, images), whole);
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

TEST(Stage, InputIsNotChanged) {
  const ModelConfig model = small_vit();
  CutTensors tensors = synthetic_images(model, 1);
  for (int layer = 1; layer <= model.sub_layers(); ++layer) {
    const CutTensors before = tensors;
    CutTensors next = forward(stage_of(model, {layer, layer}), tensors);
    expect_same_bits(tensors, before);
    tensors = std::move(next);
  }
}

// What makes random weights worth running: activations keep their size, and images are told apart.
TEST(Stage, RandomWeightsKeepActivationsSaneAndImagesApart) {
  for (const char* name : {"vit-tiny", "vit-small"}) {
    const ModelConfig model = *model_by_name(name);
    const CutTensors images = synthetic_images(model, 4);
    const CutTensors late = forward(stage_of(model, {1, 44}), images);
    double square = 0;
    for (const float value : late[0].values)
      square += double{value} * value / static_cast<double>(late[0].values.size());
    EXPECT_GT(square, 0.1);
    EXPECT_LT(square, 100);
    const auto logits = forward(stage_of(model, {45, 48}), late)[0].values;
    for (std::size_t a = 0; a < 4; ++a) {
      for (std::size_t b = a + 1; b < 4; ++b) {
        double distance = 0;
        for (std::size_t i = 0; i < 1000; ++i)
          distance += std::abs(logits[a * 1000 + i] - logits[b * 1000 + i]) / 1000;
        EXPECT_GT(distance, 0.05) << name << " images " << a << ", " << b;
      }
    }
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
