// KWT and BERT from files, under their published names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/weights/model_tensors.hpp"
#include "tests/stage/small_families.hpp"
#include "tests/stage/small_vit.hpp"
#include "tests/weights/safetensors_file.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

// Writes the tensors that a stage asks for into a file, under names changed by `rename`.
class Recording final : public WeightSource {
 public:
  using Rename = std::string (*)(std::string);
  explicit Recording(Rename rename) : rename_(rename) {}
  Result<WeightTensor> tensor(const std::string& name,
                              const std::vector<std::int64_t>& shape) const override {
    auto made = random_weights(7)->tensor(name, shape);
    writer_.add_floats(rename_(name), shape, made->values);
    asked_.push_back({name, shape});
    return made;
  }
  std::string file() const { return writer_.file(); }
  const std::vector<ModelTensor>& asked() const { return asked_; }

 private:
  Rename rename_;
  mutable SafetensorsWriter writer_;
  mutable std::vector<ModelTensor> asked_;
};

std::string as_it_is(std::string name) { return name; }

std::string replaced(std::string name, const std::string& from, const std::string& to) {
  if (const auto found = name.find(from); found != std::string::npos) name.replace(found, from.size(), to);
  return name;
}
// As the original checkpoints were converted.
std::string with_gamma_and_beta(std::string name) {
  return replaced(replaced(std::move(name), "LayerNorm.weight", "LayerNorm.gamma"), "LayerNorm.bias",
                  "LayerNorm.beta");
}
// A bare BertModel, to which a head was added.
std::string without_prefix(std::string name) { return name.starts_with("bert.") ? name.substr(5) : name; }

TEST(FamilyWeights, StageFromAFileGivesTheBitsOfTheSameRandomWeights) {
  for (const auto& [model, rename] : {std::pair<ModelConfig, Recording::Rename>{small_kwt(), as_it_is},
                                      {small_bert(), as_it_is},
                                      {small_bert(), with_gamma_and_beta},
                                      {small_bert(), without_prefix}}) {
    const Recording recording(rename);
    const LayerRange all{1, model.sub_layers()};
    const auto random = Stage::create(model, all, recording);
    ASSERT_TRUE(random.ok());
    const TemporaryFile file("w.safetensors", recording.file());
    const auto weights = open_weights(file.path(), model);
    ASSERT_TRUE(weights.ok()) << weights.error().message;
    const auto stage = Stage::create(model, all, **weights);
    ASSERT_TRUE(stage.ok()) << stage.error().message;
    const CutTensors images = synthetic_images(model, 2);
    EXPECT_EQ(forward(*stage, images)[0].values, forward(*random, images)[0].values);
  }
}

// The host knows the tensors that a stage will ask for, without LibTorch.
TEST(FamilyWeights, StagesAskForTheModelsTensorsAndForNothingElse) {
  for (const ModelConfig& model : {small_vit(), small_kwt(), small_bert()}) {
    const Recording recording(as_it_is);
    ASSERT_TRUE(Stage::create(model, {1, model.sub_layers()}, recording).ok());
    EXPECT_THAT(recording.asked(), testing::UnorderedElementsAreArray(model_tensors(model))) << model.name;
  }
}

// A BERT of more blocks than the model, and a model of another family.
TEST(FamilyWeights, FilesOfOtherModelsAreErrors) {
  const Recording recording(as_it_is);
  ASSERT_TRUE(Stage::create(small_bert(), {1, 12}, recording).ok());
  const TemporaryFile file("w.safetensors", recording.file());
  ModelConfig shallow = small_bert();
  shallow.blocks = 2;
  EXPECT_THAT(open_weights(file.path(), shallow).error().message,
              HasSubstr("is of a block that small-bert with 2 blocks does not have"));
  const auto kwt = open_weights(file.path(), small_kwt());
  ASSERT_FALSE(kwt);
  EXPECT_THAT(kwt.error().message, HasSubstr("\"bert.embeddings.LayerNorm.bias\", "));
  EXPECT_THAT(kwt.error().message, HasSubstr("are read by nothing in small-kwt"));
  ModelConfig wordy = small_bert();
  wordy.vocabulary = 102;
  EXPECT_THAT(Stage::create(wordy, {1, 12}, **open_weights(file.path(), wordy)).error().message,
              HasSubstr("has shape [101, 48], the model needs [102, 48]"));
}

}  // namespace
}  // namespace millrace
