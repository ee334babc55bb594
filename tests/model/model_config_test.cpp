#include "runtime/model/model_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ModelConfig model(std::string_view name) { return *model_by_name(name); }
LayerRange all_of(const ModelConfig& config) { return {1, config.sub_layers()}; }

std::vector<std::int64_t> values_at(const ModelConfig& config, std::vector<int> cuts) {
  std::vector<std::int64_t> values;
  for (const int cut : cuts) values.push_back(values_at_cut(config, cut));
  return values;
}

TEST(ModelConfig, CountsSubLayersAsThePapers) {
  EXPECT_EQ(model("vit-base").sub_layers(), 48);
  EXPECT_EQ(model("vit-large").sub_layers(), 96);
  EXPECT_EQ(model("vit-huge").sub_layers(), 128);
  for (const char* name : {"deit-tiny", "deit-small", "deit-base"}) EXPECT_EQ(model(name).sub_layers(), 48);
}

// PipeEdge's models.yml: the input, a cut of each kind, the output.
TEST(ModelConfig, ValuesAtCutsAreThoseOfThePapers) {
  EXPECT_THAT(values_at(model("vit-base"), {0, 1, 2, 3, 4, 47, 48}),
              ElementsAre(150528, 302592, 151296, 756480, 151296, 756480, 1000));
  EXPECT_THAT(values_at(model("vit-large"), {0, 5, 6, 7, 8, 96}),
              ElementsAre(150528, 403456, 201728, 1008640, 201728, 1000));
}

// Post-norm families have PipeEdge's sub-layers too: BERT-Base 48, BERT-Large 96.
TEST(ModelConfig, PostNormCutsAreThoseOfPreNorm) {
  EXPECT_EQ(model("kwt-1").sub_layers(), 48);
  EXPECT_EQ(model("bert-base").sub_layers(), 48);
  EXPECT_EQ(model("bert-large").sub_layers(), 96);
  EXPECT_EQ(model("kwt-1").tokens(), 99);
  const std::int64_t td = 99 * 64;
  EXPECT_THAT(values_at(model("kwt-1"), {0, 1, 2, 3, 4, 48}),
              ElementsAre(98 * 40, 2 * td, td, 5 * td, td, 12));
  ModelConfig bert = model("bert-base");
  bert.sequence = 512;
  const std::int64_t values = 512 * 768, lengths = 1;  // one more number per sequence: where padding begins
  EXPECT_THAT(values_at(bert, {0, 5, 6, 7, 8, 48}),
              ElementsAre(512 + 2, 2 * values + lengths, values + lengths, 5 * values + lengths,
                          values + lengths, 2));
}

TEST(ModelConfig, SequencesTellTheirLengthsAtEveryCut) {
  const ModelConfig bert = model("bert-large");
  const TensorSpec residual{TensorRole::residual, 128, 1024}, lengths{TensorRole::lengths, 1, 1};
  EXPECT_THAT(tensors_at_cut(bert, 0),
              ElementsAre(TensorSpec{TensorRole::tokens, 128, 1}, TensorSpec{TensorRole::lengths, 1, 2}));
  EXPECT_THAT(tensors_at_cut(bert, 5),
              ElementsAre(TensorSpec{TensorRole::attention_context, 128, 1024}, residual, lengths));
  EXPECT_THAT(tensors_at_cut(bert, 7),
              ElementsAre(TensorSpec{TensorRole::gelu, 128, 4096}, residual, lengths));
  EXPECT_THAT(tensors_at_cut(bert, 8), ElementsAre(residual, lengths));
  EXPECT_THAT(tensors_at_cut(bert, 96), ElementsAre(TensorSpec{TensorRole::logits, 1, 2}));
  EXPECT_THAT(tensors_at_cut(model("kwt-1"), 0), ElementsAre(TensorSpec{TensorRole::features, 98, 40}));
}

TEST(ModelConfig, TensorsKnowTheirRoles) {
  const ModelConfig config = model("vit-tiny");
  const TensorSpec residual{TensorRole::residual, 197, 192};
  EXPECT_THAT(tensors_at_cut(config, 0), ElementsAre(TensorSpec{TensorRole::image, 3 * 224, 224}));
  EXPECT_THAT(tensors_at_cut(config, 1),
              ElementsAre(TensorSpec{TensorRole::attention_context, 197, 192}, residual));
  EXPECT_THAT(tensors_at_cut(config, 2), ElementsAre(residual));
  EXPECT_THAT(tensors_at_cut(config, 3), ElementsAre(TensorSpec{TensorRole::gelu, 197, 768}, residual));
  EXPECT_THAT(tensors_at_cut(config, 48), ElementsAre(TensorSpec{TensorRole::logits, 1, 1000}));
}

// Parameter counts as published with timm's models.
TEST(ModelConfig, ParameterCountsAreThePublishedOnes) {
  const auto parameters = [](const char* name) {
    return weight_bytes(model(name), all_of(model(name))).count() / 4;
  };
  EXPECT_EQ(parameters("vit-tiny"), 5'717'416);
  EXPECT_EQ(parameters("vit-small"), 22'050'664);
  EXPECT_EQ(parameters("vit-base"), 86'567'656);
  EXPECT_EQ(parameters("vit-large"), 304'326'632);
  EXPECT_EQ(parameters("vit-huge"), 632'045'800);
  EXPECT_EQ(parameters("deit-base"), 86'567'656);
  EXPECT_EQ(parameters("kwt-1"), 607'308);  // as its file counts them
  // Hugging Face's BertModel, 109,482,240 and 335,141,888, and a head of two classes.
  EXPECT_EQ(parameters("bert-base"), 109'482'240 + 2 * 768 + 2);
  EXPECT_EQ(parameters("bert-large"), 335'141'888 + 2 * 1024 + 2);
  EXPECT_EQ(parameters("vit-mini"), 308'172);  // ours: 6 blocks of width 64, 65 tokens, 12 classes
}

TEST(ModelConfig, PartsAddUpToTheWhole) {
  const ModelConfig config = model("vit-base");
  std::int64_t bytes = 0;
  double flops = 0;
  for (int layer = 1; layer <= config.sub_layers(); ++layer) {
    bytes += weight_bytes(config, {layer, layer}).count();
    flops += flops_per_image(config, {layer, layer});
  }
  EXPECT_EQ(bytes, weight_bytes(config, all_of(config)).count());
  EXPECT_DOUBLE_EQ(flops, flops_per_image(config, all_of(config)));
  // 17.56 G multiply-adds are counted for ViT-Base/16 where attention's two products are included.
  EXPECT_NEAR(flops, 2 * 17.56e9, 0.01e9);
}

// By hand: a block is 24 T D² + 4 T² D; the head of KWT-1 uses only the class token, BERT has a pooler.
TEST(ModelConfig, OperationsOfOtherFamiliesAreThoseOfTheirBlocks) {
  const auto flops = [](const ModelConfig& config) { return flops_per_image(config, all_of(config)); };
  EXPECT_DOUBLE_EQ(flops(model("kwt-1")),
                   12.0 * (24.0 * 99 * 64 * 64 + 4.0 * 99 * 99 * 64) + 2.0 * 98 * 40 * 64 + 2.0 * 64 * 12);
  EXPECT_DOUBLE_EQ(flops(model("bert-base")),
                   12.0 * (24.0 * 128 * 768 * 768 + 4.0 * 128 * 128 * 768) + 2.0 * 768 * 768 + 2.0 * 768 * 2);
}

TEST(ModelConfig, UnknownNameListsTheKnownOnes) {
  const auto result = model_by_name("vit-enormous");
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message,
              HasSubstr("vit-tiny, vit-small, vit-base, vit-large, vit-huge, deit-tiny"));
  EXPECT_EQ(result.error().code, ExitCode::invalid_input);
}

TEST(ModelConfig, EveryKnownModelIsConsistent) {
  for (const std::string& name : model_names()) EXPECT_TRUE(check_model(model(name)).ok()) << name;
}

TEST(ModelConfig, ContradictionsAreErrors) {
  struct Case {
    int ModelConfig::*field;
    int value;
    const char* finding;
  };
  for (const Case& c :
       {Case{&ModelConfig::heads, 5, "must divide width"},
        Case{&ModelConfig::patch, 15, "must divide image_size"},
        Case{&ModelConfig::blocks, 0, "blocks must be 1 to 1024"}, Case{&ModelConfig::blocks, 1025, "blocks"},
        Case{&ModelConfig::width, 65537, "width"}, Case{&ModelConfig::mlp_width, -1, "mlp_width"},
        Case{&ModelConfig::classes, 0, "classes"}, Case{&ModelConfig::channels, 17, "channels"},
        Case{&ModelConfig::image_size, 16 * 256, "at most 65536 tokens, got 65537"}}) {
    ModelConfig config = model("vit-tiny");
    config.*c.field = c.value;
    const auto result = check_model(config);
    ASSERT_FALSE(result.ok()) << c.finding;
    EXPECT_THAT(result.error().message, HasSubstr(c.finding));
  }
}

// DeiT's checkpoints were trained on ImageNet's statistics, ViT's (AugReg, and Google's) on a half.
TEST(ModelConfig, PixelsAreNormalisedAsTheFamilysWeightsExpect) {
  for (const auto& name : model_names())
    EXPECT_EQ(model(name).normalisation,
              name.starts_with("deit") ? Normalisation::imagenet : Normalisation::half)
        << name;
  const PixelStatistics imagenet = pixel_statistics(Normalisation::imagenet);
  EXPECT_EQ(imagenet.mean, (std::array{0.485, 0.456, 0.406}));
  EXPECT_EQ(imagenet.deviation, (std::array{0.229, 0.224, 0.225}));
  for (const auto name : kNormalisationNames) EXPECT_TRUE(normalisation_by_name(name).ok()) << name;
  EXPECT_THAT(normalisation_by_name("Imagenet").error().message, HasSubstr("half, imagenet, clip, unit"));
  ModelConfig grey = model("deit-tiny");
  grey.channels = 1;
  EXPECT_THAT(check_model(grey).error().message, HasSubstr("normalisation imagenet is of 3 colours"));
  grey.normalisation = Normalisation::unit;
  EXPECT_TRUE(check_model(grey).ok());
  ModelConfig words = model("bert-base");
  words.normalisation = Normalisation::imagenet;
  EXPECT_THAT(check_model(words).error().message, HasSubstr("the bert family has no normalisation"));
}

TEST(ModelConfig, DimensionsOfAnotherFamilyAreErrors) {
  ModelConfig bert = model("bert-base");
  bert.image_size = 224;
  EXPECT_THAT(check_model(bert).error().message,
              HasSubstr("image_size is no dimension of the bert family; remove it"));
  ModelConfig vit = model("vit-tiny");
  vit.sequence = 128;
  EXPECT_THAT(check_model(vit).error().message, HasSubstr("sequence is no dimension of the vit family"));
  ModelConfig kwt = model("kwt-1");
  kwt.frames = 0;
  EXPECT_THAT(check_model(kwt).error().message, HasSubstr("frames must be 1 to 65535, got 0"));
  bert = model("bert-base");
  bert.sequence = 513;
  EXPECT_THAT(check_model(bert).error().message, HasSubstr("sequence 513 must not exceed positions 512"));
}

}  // namespace
}  // namespace millrace
