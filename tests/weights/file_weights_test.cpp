#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>

#include "runtime/weights/weight_names.hpp"
#include "tests/stage/small_vit.hpp"
#include "tests/weights/safetensors_file.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Named {
  std::string name;
  std::vector<std::int64_t> shape;
};

// All tensors of a model, under timm's names.
std::vector<Named> tensors_of(const ModelConfig& model) {
  const std::int64_t d = model.width, m = model.mlp_width, p = model.patch;
  std::vector<Named> all{{"cls_token", {1, 1, d}},
                         {"pos_embed", {1, model.tokens(), d}},
                         {"patch_embed.proj.weight", {d, model.channels, p, p}},
                         {"patch_embed.proj.bias", {d}},
                         {"norm.weight", {d}},
                         {"norm.bias", {d}},
                         {"head.weight", {model.classes, d}},
                         {"head.bias", {model.classes}}};
  for (int b = 0; b < model.blocks; ++b) {
    const std::string block = "blocks." + std::to_string(b) + ".";
    for (const Named& part : std::vector<Named>{{"norm1", {d}},
                                                {"attn.qkv", {3 * d, d}},
                                                {"attn.proj", {d, d}},
                                                {"norm2", {d}},
                                                {"mlp.fc1", {m, d}},
                                                {"mlp.fc2", {d, m}}}) {
      all.push_back({block + part.name + ".weight", part.shape});
      all.push_back({block + part.name + ".bias", {part.shape[0]}});
    }
  }
  return all;
}

enum class Naming { timm, hugging_face };

// The random weights of a seed as a file; Hugging Face's has q, k and v apart.
SafetensorsWriter file_of(const ModelConfig& model, Naming naming, std::uint64_t seed = 7) {
  SafetensorsWriter writer;
  const auto weights = random_weights(seed);
  for (const Named& tensor : tensors_of(model)) {
    const WeightTensor values = *weights->tensor(tensor.name, tensor.shape);
    const auto ways = names_in_files(tensor.name);
    const auto& names = naming == Naming::timm ? ways.at(0) : ways.at(1);
    auto shape = tensor.shape;
    shape[0] /= static_cast<std::int64_t>(names.size());
    const std::size_t part = values.values.size() / names.size();
    for (std::size_t i = 0; i < names.size(); ++i)
      writer.add_floats(names[i], shape, values.values.subspan(i * part, part));
  }
  return writer;
}

std::vector<float> logits_with(const ModelConfig& model, const WeightSource& weights) {
  const auto stage = Stage::create(model, {1, model.sub_layers()}, weights);
  MR_CHECK(stage.ok(), stage.ok() ? "" : stage.error().message);
  return forward(*stage, synthetic_images(model, 1))[0].values;
}

std::string error_opening(const std::string& path) {
  const auto weights = open_weights(path, small_vit());
  return weights.ok() ? "no error" : weights.error().message;
}

TEST(FileWeights, StageFromAFileGivesTheBitsOfTheSameRandomWeights) {
  const ModelConfig model = small_vit();
  const auto expected = logits_with(model, *random_weights(7));
  for (const Naming naming : {Naming::timm, Naming::hugging_face}) {
    for (const std::size_t padding : {0, 1, 3}) {  // data at odd addresses is read as well
      const TemporaryFile file("w.safetensors", file_of(model, naming).file(padding));
      const auto weights = open_weights(file.path(), model);
      ASSERT_TRUE(weights.ok()) << weights.error().message;
      EXPECT_EQ(logits_with(model, **weights), expected);
    }
  }
}

TEST(FileWeights, StageOutlivesTheSourceAndTheFilesName) {
  const ModelConfig model = small_vit();
  auto file = std::make_unique<TemporaryFile>("w.safetensors", file_of(model, Naming::timm).file());
  auto weights = *open_weights(file->path(), model);
  const auto stage = Stage::create(model, {1, model.sub_layers()}, *weights);
  weights.reset();
  file.reset();
  EXPECT_EQ(forward(*stage, synthetic_images(model, 1))[0].values, logits_with(model, *random_weights(7)));
}

TEST(FileWeights, NamesOfHuggingFace) {
  EXPECT_THAT(names_in_files("blocks.10.attn.qkv.bias")[1],
              ElementsAre("vit.encoder.layer.10.attention.attention.query.bias",
                          "vit.encoder.layer.10.attention.attention.key.bias",
                          "vit.encoder.layer.10.attention.attention.value.bias"));
  EXPECT_THAT(names_in_files("blocks.0.attn.proj.weight")[2],
              ElementsAre("deit.encoder.layer.0.attention.output.dense.weight"));
  EXPECT_THAT(names_in_files("blocks.0.norm2.weight")[1],
              ElementsAre("vit.encoder.layer.0.layernorm_after.weight"));
  EXPECT_THAT(names_in_files("blocks.0.mlp.fc1.weight")[1],
              ElementsAre("vit.encoder.layer.0.intermediate.dense.weight"));
  EXPECT_THAT(names_in_files("patch_embed.proj.bias")[1],
              ElementsAre("vit.embeddings.patch_embeddings.projection.bias"));
  EXPECT_THAT(names_in_files("pos_embed")[1], ElementsAre("vit.embeddings.position_embeddings"));
  EXPECT_THAT(names_in_files("norm.bias")[1], ElementsAre("vit.layernorm.bias"));
  EXPECT_THAT(names_in_files("head.weight")[1], ElementsAre("classifier.weight"));
  EXPECT_EQ(block_of("blocks.7.norm1.bias"), 7);
  EXPECT_EQ(block_of("vit.encoder.layer.31.x"), 31);
  EXPECT_EQ(block_of("norm.bias"), std::nullopt);
  EXPECT_EQ(block_of("blocks.99999999999999999999.x"), std::numeric_limits<int>::max());
}

TEST(FileWeights, NamesOfBert) {
  EXPECT_THAT(names_in_files("bert.encoder.layer.3.attention.self.query.bias"),
              ElementsAre(ElementsAre("bert.encoder.layer.3.attention.self.query.bias"),
                          ElementsAre("encoder.layer.3.attention.self.query.bias")));
  EXPECT_THAT(
      names_in_files("bert.embeddings.LayerNorm.weight"),
      ElementsAre(ElementsAre("bert.embeddings.LayerNorm.weight"),
                  ElementsAre("bert.embeddings.LayerNorm.gamma"), ElementsAre("embeddings.LayerNorm.weight"),
                  ElementsAre("embeddings.LayerNorm.gamma")));
  EXPECT_THAT(names_in_files("bert.encoder.layer.0.output.LayerNorm.bias")[1],
              ElementsAre("bert.encoder.layer.0.output.LayerNorm.beta"));
  EXPECT_THAT(names_in_files("classifier.weight"), ElementsAre(ElementsAre("classifier.weight")));
  EXPECT_EQ(block_of("bert.encoder.layer.11.output.dense.bias"), 11);
  EXPECT_EQ(block_of("encoder.layer.23.output.dense.bias"), 23);
}

TEST(FileWeights, HalfPrecisionIsWidened) {
  const std::vector<std::uint16_t> halves{0x3c00, 0xc000}, brains{0x3f80, 0xc000};
  SafetensorsWriter writer;
  writer.add("norm.weight", "F16", {2}, {reinterpret_cast<const char*>(halves.data()), 4});
  writer.add("norm.bias", "BF16", {2}, {reinterpret_cast<const char*>(brains.data()), 4});
  const TemporaryFile file("w.safetensors", writer.file());
  const auto weights = *open_weights(file.path(), small_vit());
  EXPECT_THAT(weights->tensor("norm.weight", {2})->values, ElementsAre(1.0F, -2.0F));
  EXPECT_THAT(weights->tensor("norm.bias", {2})->values, ElementsAre(1.0F, -2.0F));
}

TEST(FileWeights, WrongTensorsAreErrorsThatNameThem) {
  const ModelConfig model = small_vit();
  SafetensorsWriter writer;
  writer.add("norm.weight", "I32", {2}, "12345678");
  writer.add("vit.encoder.layer.0.attention.attention.query.bias", "F32", {2}, "12345678");
  const TemporaryFile odd("odd.safetensors", writer.file());
  EXPECT_THAT(error_opening(odd.path()), HasSubstr("query.bias\" is read by nothing in small"));
  SafetensorsWriter rest;
  rest.add("norm.weight", "I32", {2}, "12345678");
  const TemporaryFile file("w.safetensors", rest.file());
  const auto weights = *open_weights(file.path(), model);
  const auto error = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
    return weights->tensor(name, shape).error().message;
  };
  EXPECT_THAT(error("norm.weight", {2}), HasSubstr(file.path() + ": tensor \"norm.weight\" has dtype I32"));
  EXPECT_THAT(error("norm.bias", {2}), HasSubstr("tensor \"norm.bias\" is not in the file"));
  EXPECT_THAT(error("blocks.0.attn.qkv.bias", {6}),
              HasSubstr("is not in the file"));  // key and value are absent
  EXPECT_THAT(Stage::create(model, {1, 4}, *weights).error().message, HasSubstr("patch_embed.proj.weight"));
}

TEST(FileWeights, ShapesMustBeTheModels) {
  const TemporaryFile file("w.safetensors", file_of(small_vit(), Naming::timm).file());
  ModelConfig wider = small_vit();
  wider.mlp_width = 96;
  const auto weights = *open_weights(file.path(), wider);
  EXPECT_THAT(Stage::create(wider, {1, 4}, *weights).error().message,
              HasSubstr("\"blocks.0.mlp.fc1.weight\" has shape [80, 48], the model needs [96, 48]"));
}

TEST(FileWeights, FileOfADeeperModelIsRefused) {
  for (const Naming naming : {Naming::timm, Naming::hugging_face}) {
    const TemporaryFile file("w.safetensors", file_of(small_vit(), naming).file());
    ModelConfig shallow = small_vit();
    shallow.blocks = 2;
    const auto weights = open_weights(file.path(), shallow);
    ASSERT_FALSE(weights.ok());
    EXPECT_THAT(weights.error().message, HasSubstr("of a block that small with 2 blocks does not have"));
  }
}

TEST(FileWeights, UnreadableFilesAreErrors) {
  EXPECT_THAT(error_opening("/nonexistent/w"),
              HasSubstr("reading weights /nonexistent/w: cannot open the file"));
  EXPECT_THAT(error_opening(testing::TempDir()), HasSubstr("not a regular file"));
  const TemporaryFile empty("empty", ""), garbage("garbage", std::string(100, 'x'));
  EXPECT_THAT(error_opening(empty.path()), HasSubstr("is empty"));
  EXPECT_THAT(error_opening(garbage.path()), HasSubstr("not believed"));
}

TEST(FileWeights, TruncatedFilesAreErrors) {
  const std::string whole = file_of(small_vit(), Naming::timm).file();
  for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 50) {
    const TemporaryFile file("w.safetensors", whole.substr(0, length));
    EXPECT_NE(error_opening(file.path()), "no error") << length;
  }
}

}  // namespace
}  // namespace millrace
