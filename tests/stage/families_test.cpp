// Every family in stages gives the same bits however it is cut; KWT and BERT match oracles (ViT:
// stage_test.cpp).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/base/random.hpp"
#include "tests/stage/reference_post_norm.hpp"
#include "tests/stage/small_families.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

// The first `rows` rows of each activation of the cut agree; fp32 against double, sums of up to 80 products.
void expect_near(const CutTensors& found, const std::vector<std::vector<double>>& expected,
                 std::size_t rows) {
  for (std::size_t t = 0; t < expected.size(); ++t) {
    const auto width = static_cast<std::size_t>(found[t].shape.width);
    const std::size_t used = std::min(rows * width, expected[t].size());
    ASSERT_EQ(found[t].values.size(), expected[t].size());
    for (std::size_t i = 0; i < used; ++i) ASSERT_NEAR(found[t].values[i], expected[t][i], 2e-5) << i;
    for (std::size_t i = used; i < expected[t].size(); ++i) ASSERT_EQ(found[t].values[i], 0) << i;
  }
}

class EveryFamily : public testing::TestWithParam<ModelConfig> {};
INSTANTIATE_TEST_SUITE_P(Families, EveryFamily, testing::Values(small_vit(), small_kwt(), small_bert()),
                         [](const auto& test) { return std::string(family_name(test.param.family)); });

TEST(Kwt, EveryCutAgreesWithTheOracle) {
  const ModelConfig model = small_kwt();
  const CutTensors clip = synthetic_images(model, 1);
  const auto expected = reference_kwt(model, *random_weights(7), clip[0].values);
  for (int cut = 1; cut <= model.sub_layers(); ++cut) {
    SCOPED_TRACE(cut);
    expect_near(forward(stage_of(model, {1, cut}), clip), expected[static_cast<std::size_t>(cut) - 1], 15);
  }
}

// Sequences of only padding, without padding, and mixed; one segment, two, and all tokens in the second.
TEST(Bert, EveryCutAgreesWithTheOracleThatMasksPadding) {
  const ModelConfig model = small_bert();
  const auto weights = random_weights(7);
  Random random(3, "sequences");
  for (const auto& [tokens, first_segment] :
       {std::pair(12, 12), {12, 5}, {7, 7}, {7, 3}, {7, 0}, {1, 1}, {2, 1}}) {
    SCOPED_TRACE(tokens);
    Sequence sequence{{}, static_cast<float>(first_segment)};
    ReferenceSequence reference{std::vector<int>(12, 0), std::vector<int>(12, 0), std::vector<int>(12, 0)};
    for (std::size_t i = 0; i < static_cast<std::size_t>(tokens); ++i) {
      reference.ids[i] = static_cast<int>(random.below(101));
      reference.mask[i] = 1;
      reference.types[i] = i < static_cast<std::size_t>(first_segment) ? 0 : 1;
      sequence.ids.push_back(static_cast<float>(reference.ids[i]));
    }
    const CutTensors input = batch_of(model, {sequence});
    const auto expected = reference_bert(model, *weights, reference);
    for (int cut = 1; cut <= model.sub_layers(); ++cut) {
      SCOPED_TRACE(cut);
      const CutTensors found = forward(stage_of(model, {1, cut}), input);
      expect_near(found, expected[static_cast<std::size_t>(cut) - 1], static_cast<std::size_t>(tokens));
      if (cut < model.sub_layers()) {
        EXPECT_EQ(found.back().values, std::vector<float>{static_cast<float>(tokens)});
      }
    }
  }
}

TEST(Bert, PaddingDoesNotChangeTheBits) {
  const Sequence sequence{{3, 1, 4, 1, 5, 92}, 4};
  ModelConfig narrow = small_bert(), wide = small_bert();
  narrow.sequence = 6;
  wide.sequence = 20;
  const auto logits = [&](const ModelConfig& model, float padding) {
    return forward_in_stages(model, {}, batch_of(model, {sequence}, padding));
  };
  const CutTensors expected = logits(narrow, 0);
  expect_same_bits(logits(small_bert(), 0), expected);
  expect_same_bits(logits(wide, 0), expected);
  expect_same_bits(logits(wide, 77), expected);  // whatever the padding holds
}

TEST(Bert, TokensAndSegmentsMatter) {
  const ModelConfig model = small_bert();
  const CutTensors logits = forward_in_stages(
      model, {},
      batch_of(model, {{{3, 1, 4}, 3}, {{3, 1, 4}, 1}, {{3, 1, 5}, 3}, {{3, 4, 1}, 3}, {{3, 1}, 2}}));
  const auto classes = static_cast<std::size_t>(model.classes);
  for (std::size_t a = 0; a < 5; ++a)
    for (std::size_t b = a + 1; b < 5; ++b)
      EXPECT_GT(std::abs(logits[0].values[a * classes] - logits[0].values[b * classes]), 1e-4) << a << b;
}

TEST(Bert, NumbersThatPointOutsideAreErrors) {
  const ModelConfig model = small_bert();
  const Stage first = stage_of(model, {1, 2}), second = stage_of(model, {3, 12});
  const auto finding = [](const Stage& stage, const CutTensors& input) {
    const auto output = stage.forward(input);
    return output.ok() ? "no error" : output.error().message;
  };
  const CutTensors good = batch_of(model, {{{1, 2, 3}, 3}, {{100}, 0}});
  EXPECT_EQ(finding(first, good), "no error");
  CutTensors bad = good;
  bad[0].values[1] = 101;
  EXPECT_THAT(finding(first, bad), HasSubstr("token id 101 is not in the vocabulary, 0 to 100"));
  for (const float id : {-1.0F, 0.5F, std::nanf("")}) {
    bad[0].values[1] = id;
    EXPECT_THAT(finding(first, bad), HasSubstr("is not in the vocabulary"));
  }
  bad = good;
  for (const float length : {0.0F, 13.0F, 1.5F, -1.0F, std::nanf("")}) {
    bad[1].values[2] = length;
    EXPECT_THAT(finding(first, bad), HasSubstr("image 1 of the microbatch says it has"));
    CutTensors later = forward(first, good);
    later.back().values[1] = length;
    EXPECT_THAT(finding(second, later), HasSubstr("possible are 1 to 12"));
  }
  bad = good;
  bad[1].values[1] = 4;
  EXPECT_THAT(finding(first, bad), HasSubstr("first segment has 4 of 3 tokens"));
}

TEST_P(EveryFamily, AnyPartitionGivesTheBitsOfTheWholeModel) {
  const ModelConfig& model = GetParam();
  const CutTensors images = synthetic_images(model, 3);
  const CutTensors whole = forward_in_stages(model, {}, images);
  std::vector<int> every_cut;
  for (int cut = 1; cut < model.sub_layers(); ++cut) every_cut.push_back(cut);
  expect_same_bits(forward_in_stages(model, every_cut, images), whole);
  Random random(2026, "partitions");
  for (int i = 0; i < 30; ++i) {
    const auto cuts = random_cuts(model, random);
    SCOPED_TRACE(testing::PrintToString(cuts));
    expect_same_bits(forward_in_stages(model, cuts, images), whole);
  }
}

TEST_P(EveryFamily, MicrobatchAndThreadsDoNotChangeTheBits) {
  const ModelConfig& model = GetParam();
  const CutTensors together = forward(stage_of(model, {1, 12}), synthetic_images(model, 5));
  expect_same_bits(forward(stage_of(model, {1, 12}, 3), synthetic_images(model, 5)), together);
  const auto classes = static_cast<std::size_t>(model.classes);
  for (std::uint64_t i = 0; i < 5; ++i) {
    const auto alone = forward(stage_of(model, {1, 12}), synthetic_images(model, 1, i))[0].values;
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(),
                           together[0].values.begin() + static_cast<std::ptrdiff_t>(i * classes)));
  }
}

TEST_P(EveryFamily, OutputHasTheTensorsOfItsCut) {
  const ModelConfig& model = GetParam();
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

TEST_P(EveryFamily, InputIsNotChanged) {
  const ModelConfig& model = GetParam();
  CutTensors tensors = synthetic_images(model, 1);
  for (int layer = 1; layer <= model.sub_layers(); ++layer) {
    const CutTensors before = tensors;
    CutTensors next = forward(stage_of(model, {layer, layer}), tensors);
    expect_same_bits(tensors, before);
    tensors = std::move(next);
  }
}

// Each stage asks only for its own weights, and all stages together for as many as the model has.
TEST_P(EveryFamily, StagesAskForTheWeightsTheModelCounts) {
  class Counting final : public WeightSource {
   public:
    Result<WeightTensor> tensor(const std::string& name,
                                const std::vector<std::int64_t>& shape) const override {
      auto made = random_weights(7)->tensor(name, shape);
      values += made->values.size();
      return made;
    }
    mutable std::size_t values = 0;
  };
  const ModelConfig& model = GetParam();
  for (int layer = 1; layer <= model.sub_layers(); ++layer) {
    const Counting weights;
    ASSERT_TRUE(Stage::create(model, {layer, layer}, weights).ok());
    EXPECT_EQ(static_cast<std::int64_t>(4 * weights.values), weight_bytes(model, {layer, layer}).count())
        << layer;
  }
}

// Random weights are useful because activations keep their size and images are distinguished.
TEST(RandomWeights, KeepActivationsSaneAndImagesApart) {
  ModelConfig bert = *model_by_name("bert-base");
  bert.blocks = 4;
  bert.width = 192;
  bert.mlp_width = 768;
  bert.vocabulary = 500;
  bert.sequence = 32;
  struct Case {
    ModelConfig model;
    double apart;  // mean difference of a logit
  };
  for (const auto& [model, apart] : {Case{*model_by_name("vit-tiny"), 0.05},
                                     {*model_by_name("vit-small"), 0.05},
                                     {*model_by_name("kwt-1"), 0.02},
                                     {bert, 0.02}}) {
    const CutTensors images = synthetic_images(model, 4);
    const CutTensors late = forward(stage_of(model, {1, model.sub_layers() - 4}), images);
    double square = 0;
    for (const float value : late[0].values)
      square += double{value} * value / static_cast<double>(late[0].values.size());
    EXPECT_GT(square, 0.1) << model.name;
    EXPECT_LT(square, 100) << model.name;
    const auto logits =
        forward(stage_of(model, {model.sub_layers() - 3, model.sub_layers()}), late)[0].values;
    const auto classes = static_cast<std::size_t>(model.classes);
    for (std::size_t a = 0; a < 4; ++a) {
      for (std::size_t b = a + 1; b < 4; ++b) {
        double distance = 0;
        for (std::size_t i = 0; i < classes; ++i)
          distance +=
              std::abs(logits[a * classes + i] - logits[b * classes + i]) / static_cast<double>(classes);
        EXPECT_GT(distance, apart) << model.name << " images " << a << ", " << b;
      }
    }
  }
}

}  // namespace
}  // namespace millrace
