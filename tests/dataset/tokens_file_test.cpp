// `tokens:FILE.safetensors`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stage/small_families.hpp"
#include "tests/weights/safetensors_file.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Numbers = std::vector<std::int64_t>;

// Two sequences of three tokens, for a model of four.
class TokensFile : public testing::Test {
 protected:
  TokensFile() {
    model_.sequence = 4;
    add("input_ids", {7, 8, 9, 5, 0, 0});
  }

  void add(const std::string& name, const Numbers& numbers) {
    writer_.add(name, "I64", {2, static_cast<std::int64_t>(numbers.size()) / 2}, raw(numbers));
  }
  static std::string raw(const Numbers& numbers) {
    return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof numbers[0]};
  }
  Result<std::unique_ptr<Dataset>> open() {
    const TemporaryFile file("t.safetensors", writer_.file());
    return open_dataset("tokens:" + file.path(), model_, 1);
  }
  std::string error_opening() {
    const auto opened = open();
    return opened.ok() ? "no error" : opened.error().message;
  }
  std::vector<float> image(const Dataset& dataset, std::uint64_t number) {
    std::vector<float> values(6);
    EXPECT_TRUE(dataset.read(number, values).ok());
    return values;
  }

  ModelConfig model_ = small_bert();
  SafetensorsWriter writer_;
};

TEST_F(TokensFile, WithoutAMaskTrailingZeroesArePadding) {
  const auto dataset = open();
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_EQ((*dataset)->size(), 2U);
  EXPECT_EQ((*dataset)->label(0), std::nullopt);
  EXPECT_THAT(image(**dataset, 0), ElementsAre(7, 8, 9, 0, 3, 3));
  EXPECT_THAT(image(**dataset, 1), ElementsAre(5, 0, 0, 0, 1, 1));
  std::vector<float> values(6);
  EXPECT_THAT((*dataset)->read(2, values).error().message, HasSubstr("it has 2 sequences, not image 2"));
}

TEST_F(TokensFile, MaskTypesAndLabelsAreRead) {
  add("attention_mask", {1, 1, 0, 1, 1, 0});
  add("token_type_ids", {0, 1, 0, 0, 0, 0});
  writer_.add("label", "I64", {2}, raw({4, 1}));
  const auto dataset = open();
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_THAT(image(**dataset, 0), ElementsAre(7, 8, 0, 0, 2, 1));
  EXPECT_THAT(image(**dataset, 1), ElementsAre(5, 0, 0, 0, 2, 2));  // the mask says that 0 is a token
  EXPECT_EQ((*dataset)->label(0), 4U);
  EXPECT_EQ((*dataset)->label(1), 1U);
}

TEST_F(TokensFile, HolesInTheMaskAreErrors) {
  add("attention_mask", {1, 0, 1, 1, 0, 0});
  EXPECT_THAT(error_opening(), HasSubstr("tensor \"attention_mask\" of image 0 must be ones, then zeroes"));
}

TEST_F(TokensFile, SegmentsThatAlternateAreErrors) {
  add("token_type_ids", {0, 1, 0, 0, 0, 0});
  EXPECT_THAT(error_opening(), HasSubstr("\"token_type_ids\" of image 0 must be zeroes, then ones"));
}

TEST_F(TokensFile, AMaskOfAnotherShapeIsAnError) {
  add("attention_mask", {1, 1, 1, 1});
  EXPECT_THAT(error_opening(), HasSubstr("must be I64 or I32 of shape [2, 3], is I64 of [2, 2]"));
}

TEST_F(TokensFile, NothingButPaddingIsAnError) {
  add("attention_mask", {1, 1, 1, 0, 0, 0});
  EXPECT_THAT(error_opening(), HasSubstr("\"input_ids\" of image 1 is nothing but padding"));
}

TEST_F(TokensFile, IdsOutsideTheVocabularyAreErrors) {
  model_.vocabulary = 9;
  EXPECT_THAT(error_opening(), HasSubstr("of image 0 has the id 9, the vocabulary is 0 to 8"));
}

TEST_F(TokensFile, LongerSequencesThanTheModelsAreErrors) {
  model_.sequence = 2;
  EXPECT_THAT(error_opening(), HasSubstr("has 3 tokens per sequence, the model 2; set model.sequence"));
}

TEST_F(TokensFile, LabelsAreClasses) {
  writer_.add("label", "I64", {2}, raw({4, 5}));
  EXPECT_THAT(error_opening(), HasSubstr("\"label\" of image 1 is 5, the model knows classes 0 to 4"));
}

}  // namespace
}  // namespace millrace
