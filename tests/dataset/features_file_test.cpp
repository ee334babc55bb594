// `features:FILE.safetensors`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/codec/half.hpp"
#include "tests/stage/small_families.hpp"
#include "tests/weights/safetensors_file.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class Number>
std::string raw(const std::vector<Number>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

ModelConfig two_by_two() {
  ModelConfig model = small_kwt();
  model.frames = model.coefficients = 2;
  return model;
}

std::string error_opening(const SafetensorsWriter& writer) {
  const TemporaryFile file("f.safetensors", writer.file());
  const auto opened = open_dataset("features:" + file.path(), two_by_two(), 1);
  return opened.ok() ? "no error" : opened.error().message;
}

TEST(FeaturesFile, ReadsImagesAndLabelsInOrder) {
  SafetensorsWriter writer;
  std::vector<std::uint16_t> halves;
  for (const float value : {1.0F, -2.0F, 0.5F, 3.0F, 4.0F, 5.0F, 6.0F, -7.5F})
    halves.push_back(half_from_float(value));
  writer.add("mfcc", "F16", {2, 2, 2}, raw(halves));
  writer.add("label", "I64", {2}, raw(std::vector<std::int64_t>{10, 0}));
  writer.add("speaker", "U8", {3}, "abc");  // ignored
  const TemporaryFile file("f.safetensors", writer.file());
  const auto dataset = open_dataset("features:" + file.path(), two_by_two(), 1);
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_EQ((*dataset)->size(), 2U);
  EXPECT_EQ((*dataset)->label(0), 10U);
  EXPECT_EQ((*dataset)->label(1), 0U);
  EXPECT_EQ((*dataset)->label(2), std::nullopt);
  std::vector<float> values(4);
  ASSERT_TRUE((*dataset)->read(1, values).ok());
  EXPECT_THAT(values, ElementsAre(4, 5, 6, -7.5F));
  EXPECT_THAT((*dataset)->read(2, values).error().message, HasSubstr("it has 2 images, not image 2"));
}

// The source sends fp16: a stage's input must not depend on whether it was sent.
TEST(FeaturesFile, WiderFloatsAreRoundedToWhatIsSent) {
  SafetensorsWriter writer;
  writer.add_floats("mfcc", {1, 2, 2}, std::vector<float>{0.1F, 1e6F, 1, -3});
  const TemporaryFile file("f.safetensors", writer.file());
  const auto dataset = *open_dataset("features:" + file.path(), two_by_two(), 1);
  std::vector<float> values(4);
  ASSERT_TRUE(dataset->read(0, values).ok());
  EXPECT_THAT(values, ElementsAre(float_from_half(half_from_float(0.1F)), 65504, 1, -3));
  EXPECT_EQ(dataset->label(0), std::nullopt);
}

TEST(FeaturesFile, WrongFilesAreErrorsThatSayWhatIsWanted) {
  const std::string eight(8, '\0');
  SafetensorsWriter empty, shape, type, label, classes, none;
  empty.add("x", "U8", {1}, "a");
  EXPECT_THAT(error_opening(empty), HasSubstr("there is no tensor \"mfcc\""));
  shape.add("mfcc", "F16", {1, 4, 1}, eight);
  EXPECT_THAT(
      error_opening(shape),
      HasSubstr("must be F16, BF16 or F32 of shape [images, 2, 2] for small-kwt, is F16 of [1, 4, 1]"));
  type.add("mfcc", "I16", {1, 2, 2}, eight);
  EXPECT_THAT(error_opening(type), HasSubstr("is I16 of [1, 2, 2]"));
  none.add("mfcc", "F16", {0, 2, 2}, "");
  EXPECT_THAT(error_opening(none), HasSubstr("is F16 of [0, 2, 2]"));
  label.add("mfcc", "F16", {1, 2, 2}, eight);
  label.add("label", "I64", {2}, eight + eight);
  EXPECT_THAT(error_opening(label), HasSubstr("\"label\" must be I64 or I32 of shape [1], is I64 of [2]"));
  classes.add("mfcc", "F16", {1, 2, 2}, eight);
  classes.add("label", "I32", {1}, raw(std::vector<std::int32_t>{-1}));
  EXPECT_THAT(error_opening(classes), HasSubstr("of image 0 is -1, the model knows classes 0 to 10"));
  EXPECT_THAT(open_dataset("features:/nonexistent", two_by_two(), 1).error().message,
              HasSubstr("reading dataset /nonexistent: cannot open the file"));
}

TEST(FeaturesFile, DatasetsOfOtherFamiliesAreErrors) {
  EXPECT_THAT(open_dataset("features:x", small_vit(), 1).error().message,
              HasSubstr("is for the kwt family, small is of vit"));
  EXPECT_THAT(open_dataset("tokens:x", small_kwt(), 1).error().message, HasSubstr("for the bert family"));
  EXPECT_THAT(open_dataset("image-folder:x", small_bert(), 1).error().message,
              HasSubstr("for the vit family"));
}

}  // namespace
}  // namespace millrace
