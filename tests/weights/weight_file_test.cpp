#include "runtime/weights/weight_file.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "runtime/weights/model_tensors.hpp"
#include "runtime/weights/weight_names.hpp"
#include "tests/weights/safetensors_file.hpp"

namespace millrace {
namespace {

using testing::AllOf;
using testing::HasSubstr;

ModelConfig small(const std::string& name) {
  ModelConfig model = *model_by_name(name);
  model.blocks = 2;
  model.width = 8;
  model.heads = 2;
  model.mlp_width = 16;
  model.classes = 5;
  if (model.family == ModelFamily::bert) model.vocabulary = 20;
  return model;
}

std::string zeroes(const std::vector<std::int64_t>& shape, std::size_t bytes_per_value = 4) {
  std::size_t bytes = bytes_per_value;
  for (const std::int64_t size : shape) bytes *= static_cast<std::size_t>(size);
  return std::string(bytes, '\0');
}

// A file of the model, in one of the ways of names_in_files(); `change` may leave out or replace a tensor.
using Change = std::function<bool(const ModelTensor&, SafetensorsWriter&)>;
SafetensorsWriter file_of(const ModelConfig& model, std::size_t way = 0, const Change& change = {}) {
  SafetensorsWriter writer;
  for (const ModelTensor& tensor : model_tensors(model)) {
    if (change && change(tensor, writer)) continue;
    const auto ways = names_in_files(tensor.name);
    const auto& names = ways.at(std::min(way, ways.size() - 1));
    auto shape = tensor.shape;
    shape[0] /= static_cast<std::int64_t>(names.size());
    for (const std::string& name : names) writer.add(name, "F32", shape, zeroes(shape));
  }
  return writer;
}

std::string fault(const SafetensorsWriter& writer, const ModelConfig& model) {
  const TemporaryFile file("w.safetensors", writer.file());
  const auto checked = check_weight_file(file.path(), model);
  if (checked) return "";
  EXPECT_EQ(checked.error().code, ExitCode::invalid_input);
  EXPECT_THAT(checked.error().message, HasSubstr("reading weights " + file.path() + ": "));
  return checked.error().message;
}

TEST(WeightFile, TheModelsOwnFileIsGoodInEveryNaming) {
  for (const char* name : {"vit-tiny", "deit-tiny"})
    for (std::size_t way = 0; way < 3; ++way) EXPECT_EQ(fault(file_of(small(name), way), small(name)), "");
  EXPECT_EQ(fault(file_of(small("kwt-1")), small("kwt-1")), "");
  for (const std::size_t way : {0, 1, 2, 3})
    EXPECT_EQ(fault(file_of(small("bert-base"), way), small("bert-base")), "") << way;
}

// As with a user's model with LayerScale: 36 of 256 correct instead of 238, without a message.
TEST(WeightFile, ATensorThatNothingReadsIsRefusedByName) {
  struct Case {
    std::string model, tensor, meaning;
  };
  for (const auto& [name, tensor, meaning] :
       {Case{"vit-tiny", "blocks.0.ls1.gamma", "LayerScale"},
        {"vit-tiny", "blocks.1.ls2.gamma", "LayerScale"},
        {"vit-tiny", "vit.encoder.layer.0.layer_scale1.lambda1", "LayerScale"},
        {"deit-tiny", "dist_token", "distillation token"},
        {"deit-tiny", "head_dist.weight", "second head"},
        {"deit-tiny", "deit.embeddings.distillation_token", "distillation"},
        {"vit-tiny", "reg_token", "register tokens"},
        {"vit-tiny", "fc_norm.weight", "mean over tokens"},
        {"vit-tiny", "norm_pre.weight", "a norm before"},
        {"vit-tiny", "pre_logits.fc.weight", "before the head"},
        {"vit-tiny", "blocks.0.attn.q_norm.weight", "norms of q and k"},
        {"vit-tiny", "anything", ""},
        {"kwt-1", "norm.weight", ""},
        {"kwt-1", "blocks.0.attn.q.bias", ""},
        {"kwt-1", "pooler.weight", ""},
        {"bert-base", "bert.encoder.layer.0.attention.self.distance_embedding.weight", "relative"},
        {"bert-base", "bert.encoder.layer.0.adapter.down.weight", ""},
        {"bert-base", "mfcc.hann", ""}}) {
    SCOPED_TRACE(tensor);
    auto writer = file_of(small(name));
    writer.add(tensor, "F32", {8}, zeroes({8}));
    EXPECT_THAT(
        fault(writer, small(name)),
        AllOf(HasSubstr(fmt::format("\"{}\" is read by nothing in {}", tensor, name)), HasSubstr(meaning)));
  }
  auto many = file_of(small("vit-tiny"));
  for (int i = 0; i < 9; ++i) many.add("extra" + std::to_string(i), "F32", {1}, zeroes({1}));
  EXPECT_THAT(fault(many, small("vit-tiny")), HasSubstr("\"extra3\" and 5 more are read by nothing"));
}

// One tensor under two names: it is not clear which one counts.
TEST(WeightFile, ATensorUnderTwoNamesIsRefused) {
  auto writer = file_of(small("vit-tiny"));
  writer.add("classifier.weight", "F32", {5, 8}, zeroes({5, 8}));
  EXPECT_THAT(fault(writer, small("vit-tiny")), HasSubstr("\"classifier.weight\" is read by nothing"));
}

TEST(WeightFile, WhatNothingIsComputedFromIsLetBe) {
  for (const auto& [name, tensor] : {std::pair("vit-tiny", "vit.pooler.dense.weight"),
                                     {"vit-tiny", "vit.embeddings.mask_token"},
                                     {"deit-tiny", "deit.pooler.dense.bias"},
                                     {"vit-tiny", "mask_token"},
                                     {"kwt-1", "mfcc.dct"},
                                     {"bert-base", "embeddings.position_ids"},
                                     {"bert-base", "bert.embeddings.position_ids"},
                                     {"bert-base", "cls.predictions.bias"},
                                     {"bert-base", "cls.seq_relationship.weight"},
                                     {"vit-tiny", "patch_embed.bn.num_batches_tracked"}}) {
    auto writer = file_of(small(name));
    writer.add(tensor, "I64", {2}, zeroes({2}, 8));
    EXPECT_EQ(fault(writer, small(name)), "") << tensor;
  }
}

TEST(WeightFile, MissingAndMisshapenTensorsAreNamedInEveryNaming) {
  const ModelConfig vit = small("vit-tiny");
  for (std::size_t way = 0; way < 3; ++way) {
    const auto without = file_of(vit, way, [](const ModelTensor& tensor, SafetensorsWriter&) {
      return tensor.name == "blocks.1.attn.qkv.bias";  // without this bias it is another network
    });
    EXPECT_THAT(fault(without, vit),
                HasSubstr("\"blocks.1.attn.qkv.bias\" is not in the file, and vit-tiny"));
    ModelConfig wider = vit;
    wider.mlp_width = 24;
    EXPECT_THAT(fault(file_of(vit, way), wider),
                HasSubstr("has shape [16, 8], the model needs [24, 8] (and"));
    ModelConfig deeper = vit;
    deeper.blocks = 3;
    EXPECT_THAT(fault(file_of(vit, way), deeper), HasSubstr("\"blocks.2.norm1.weight\""));
    EXPECT_THAT(fault(file_of(deeper, way), vit), HasSubstr("with 2 blocks does not have"));
  }
  // DeiT-III has positions for patches only.
  const auto positions = file_of(vit, 0, [](const ModelTensor& tensor, SafetensorsWriter& writer) {
    if (tensor.name == "pos_embed") writer.add("pos_embed", "F32", {1, 196, 8}, zeroes({1, 196, 8}));
    return tensor.name == "pos_embed";
  });
  EXPECT_THAT(fault(positions, vit),
              HasSubstr("\"pos_embed\" has shape [1, 196, 8], the model needs [1, 197"));
}

TEST(WeightFile, NumbersOfAnotherTypeAreRefused) {
  for (const char* dtype : {"F64", "I64"}) {
    const auto file = file_of(small("kwt-1"), 0, [&](const ModelTensor& tensor, SafetensorsWriter& writer) {
      if (tensor.name == "head.bias") writer.add("head.bias", dtype, {5}, zeroes({5}, 8));
      return tensor.name == "head.bias";
    });
    EXPECT_THAT(fault(file, small("kwt-1")), HasSubstr("\"head.bias\" has dtype " + std::string(dtype)));
  }
}

TEST(WeightFile, AnotherModelsFileIsSaidToBeOne) {
  SafetensorsWriter llama;
  llama.add("model.embed_tokens.weight", "F32", {4, 2}, zeroes({4, 2}));
  llama.add("model.norm.weight", "F32", {2}, zeroes({2}));
  EXPECT_THAT(fault(llama, small("vit-tiny")),
              HasSubstr("it is of another model: vit-tiny reads none of its tensors (\"model.embed_tokens"));
}

TEST(WeightFile, ACutFileIsRefused) {
  const std::string whole = file_of(small("kwt-1")).file();
  for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 30) {
    const TemporaryFile file("w.safetensors", whole.substr(0, length));
    EXPECT_FALSE(check_weight_file(file.path(), small("kwt-1")).ok()) << length;
  }
  EXPECT_THAT(check_weight_file("/nonexistent/w", small("kwt-1")).error().message,
              HasSubstr("reading weights /nonexistent/w: cannot open the file"));
}

// Files that users give instead of a safetensors file, recognised by their first bytes.
TEST(WeightFile, FilesOfOtherKindsAreCalledWhatTheyAre) {
  using std::string_literals::operator""s;
  const std::string rest(600, '\x21');
  std::string tar = "model.safetensors" + std::string(240, '\0') + "ustar" + rest;
  for (const auto& [begin, expected] :
       {std::pair("PK\x03\x04\x00\x00\x08\x08"
                  "archive/data.pkl"s,
                  "PyTorch checkpoint (.pt, .pth, .bin); convert it"),
        {"PK\x03\x04\x14\x00\x00\x00model.safetensors"s, "zip archive; unpack it first"},
        {"PK\x03\x04\x14\x00\x00\x00weights.npy"s, "archive of NumPy"},
        {"\x80\x02\x8a\x0al\xfc\x9c"
         "F\xf9 j\xa8P\x19"s,
         "old PyTorch checkpoint"},
        {"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00"s, "a pickle of Python"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 22874512\n"s,
         "a Git LFS pointer, which stands for a file of 22874512 bytes that is not here; fetch it: git lfs "
         "pull"},
        {"\x1f\x8b\x08\x00"s, "compressed with gzip"},
        {"\x28\xb5\x2f\xfd"s, "zstd"},
        {"\xfd\x37zXZ\0"s, "xz"},
        {"BZh9"s, "bzip2"},
        {"\x89HDF\r\n\x1a\n"s, "HDF5"},
        {"GGUF\x03\x00\x00\x00"s, "GGUF"},
        {"\x08\x07\x12\x07pytorch"s, "ONNX"},
        {"\x1c\x00\x00\x00TFL3"s, "TensorFlow Lite"},
        {"\x93NUMPY\x01\x00"s, ".npy"},
        {"<!DOCTYPE html><html>"s, "a web page"},
        {"{\"metadata\": {}, \"weight_map\": {}}"s, "the index of weights in several files"},
        {"{\"architectures\": []}"s, "text (JSON)"},
        {tar, "a tar archive"}}) {
    const TemporaryFile file("w.safetensors", begin + rest);
    const auto message = check_weight_file(file.path(), small("vit-tiny")).error().message;
    EXPECT_THAT(message, HasSubstr(expected));
    EXPECT_THAT(message, HasSubstr("it is not a safetensors file"));
    EXPECT_THAT(message, testing::Not(HasSubstr("not believed")));
  }
}

}  // namespace
}  // namespace millrace
