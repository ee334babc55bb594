#include "runtime/dataset/shapes_dataset.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "runtime/base/sha256.hpp"
#include "tests/stage/small_vit.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

ModelConfig model_of(int image_size, int channels = 3) {
  ModelConfig model = *model_by_name("vit-mini");
  model.image_size = image_size;
  model.channels = channels;
  return model;
}

std::vector<std::uint8_t> image_of(const Dataset& dataset, const ModelConfig& model, std::uint64_t image) {
  std::vector<float> values(static_cast<std::size_t>(model.input_values()));
  const auto read = dataset.read(image, values);
  EXPECT_TRUE(read.ok()) << read.error().message;
  return {values.begin(), values.end()};
}

TEST(ShapesDataset, ImagesAndLabelsDependOnSeedAndNumberOnly) {
  const ModelConfig model = model_of(32);
  const auto a = *open_dataset("shapes", model, 1), b = *open_dataset("shapes", model, 1);
  const auto other = *open_dataset("shapes", model, 2);
  (void)image_of(*a, model, 5);
  EXPECT_EQ(image_of(*a, model, 9), image_of(*b, model, 9));
  EXPECT_NE(image_of(*a, model, 9), image_of(*a, model, 10));
  EXPECT_NE(image_of(*a, model, 9), image_of(*other, model, 9));
  for (std::uint64_t image = 0; image < 50; ++image) EXPECT_EQ(a->label(image), b->label(image));
  EXPECT_EQ(a->size(), std::nullopt);
}

std::string hash_of(ShapeDifficulty difficulty) {
  const ModelConfig model = model_of(32);
  const auto dataset = *shapes_dataset(model, 1, ShapeSplit::held_out, difficulty);
  std::vector<std::uint8_t> all;
  for (std::uint64_t image = 0; image < 16; ++image) {
    const auto pixels = image_of(*dataset, model, image);
    all.insert(all.end(), pixels.begin(), pixels.end());
  }
  return sha256_hex(std::as_bytes(std::span(all)));
}

// Pinned: the shipped weights were learnt from these pixels, and other machines must see the same.
TEST(ShapesDataset, PixelsAreTheSameEverywhere) {
  EXPECT_EQ(hash_of(ShapeDifficulty::full),
            "7d3360a9707513cb5f43ac0d98ccb9ffc7e517fdd6bc57b33f5cefb1c81e119d");
  EXPECT_EQ(hash_of(ShapeDifficulty::gentle),
            "77bf7440e1ca669958046fa63fd8da35d7118d2b7113d30e2fa99e5b326d563d");
}

TEST(ShapesDataset, SplitsShareNoImageWhateverTheSeed) {
  const ModelConfig model = model_of(16);
  std::set<std::string> seen;
  for (const auto split : {ShapeSplit::held_out, ShapeSplit::training, ShapeSplit::validation}) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      const auto dataset = *shapes_dataset(model, seed, split);
      for (std::uint64_t image = 0; image < 100; ++image) {
        seen.insert(
            sha256_hex(std::as_bytes(std::span<const std::uint8_t>(image_of(*dataset, model, image)))));
      }
    }
  }
  EXPECT_EQ(seen.size(), 600U);
}

TEST(ShapesDataset, HasAllShapesAboutEquallyOften) {
  const auto dataset = *open_dataset("shapes", model_of(32), 1);
  std::array<int, kShapeClasses> counts{};
  for (std::uint64_t image = 0; image < 2400; ++image) ++counts.at(dataset->label(image).value());
  for (std::uint32_t label = 0; label < kShapeClasses; ++label)
    EXPECT_NEAR(counts.at(label), 200, 60) << shape_name(label);  // 60: more than four standard deviations
}

// Shapes match their labels: on average a disc is bright in its middle and a ring is not.
TEST(ShapesDataset, ShapesLookLikeTheirLabels) {
  const ModelConfig model = model_of(32, 1);
  const auto dataset = *open_dataset("shapes", model, 1);
  std::array<double, kShapeClasses> middle{}, count{};
  for (std::uint64_t image = 0; image < 2400; ++image) {
    const auto label = dataset->label(image).value();
    middle.at(label) += image_of(*dataset, model, image)[16 * 32 + 16];
    ++count.at(label);
  }
  const auto mean = [&](std::string_view name) {
    for (std::uint32_t label = 0; label < kShapeClasses; ++label) {
      if (shape_name(label) == name) return middle.at(label) / count.at(label);
    }
    ADD_FAILURE() << "no shape is called " << name;
    return 0.0;
  };
  EXPECT_GT(mean("disc"), mean("ring") + 50);
  EXPECT_GT(mean("square"), mean("frame") + 50);
}

TEST(ShapesDataset, AnySizeAndNumberOfChannelsWorks) {
  for (const int size : {1, 8, 224}) {
    for (const int channels : {1, 16}) {
      const ModelConfig model = model_of(size, channels);
      const auto dataset = *open_dataset("shapes", model, 1);
      for (std::uint64_t image = 0; image < 4; ++image) (void)image_of(*dataset, model, image);
    }
  }
}

TEST(ShapesDataset, AModelWithTooFewClassesIsRefused) {
  const auto opened = open_dataset("shapes", small_vit(), 1);  // 11 classes
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().message, HasSubstr("has 12 classes, the model tells only 11 apart"));
  EXPECT_EQ(opened.error().code, ExitCode::invalid_input);
}

}  // namespace
}  // namespace millrace
