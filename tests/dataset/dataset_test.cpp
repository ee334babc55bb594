#include "runtime/dataset/dataset.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "runtime/base/sha256.hpp"
#include "tests/dataset/jpeg_file.hpp"
#include "tests/stage/small_vit.hpp"
#include "tests/weights/safetensors_file.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

std::vector<std::uint8_t> image_of(const Dataset& dataset, const ModelConfig& model, std::uint64_t image) {
  std::vector<float> values(static_cast<std::size_t>(model.input_values()));
  const auto read = dataset.read(image, values);
  EXPECT_TRUE(read.ok()) << read.error().message;
  return {values.begin(), values.end()};  // pixels
}

std::string error_opening(const std::string& dataset, const ModelConfig& model = small_vit()) {
  const auto opened = open_dataset(dataset, model, 1);
  return opened.ok() ? "no error" : opened.error().message;
}

std::string error_of_csv(const std::string& csv) {
  const TemporaryFile file("labels.csv", csv);
  return error_opening("image-folder:" + file.path());
}

TEST(SyntheticDataset, ImagesDependOnSeedAndNumberOnly) {
  const ModelConfig model = small_vit();
  const auto a = *open_dataset("synthetic", model, 1), b = *open_dataset("synthetic", model, 1);
  const auto other = *open_dataset("synthetic", model, 2);
  (void)image_of(*a, model, 5);
  EXPECT_EQ(image_of(*a, model, 9), image_of(*b, model, 9));
  EXPECT_NE(image_of(*a, model, 9), image_of(*a, model, 10));
  EXPECT_NE(image_of(*a, model, 9), image_of(*other, model, 9));
  EXPECT_EQ(a->size(), std::nullopt);
  EXPECT_EQ(a->label(0), std::nullopt);
}

// Pinned: runs of other machines and versions must see the same pixels.
TEST(SyntheticDataset, PixelsAreTheSameEverywhere) {
  const auto pixels = image_of(**open_dataset("synthetic", small_vit(), 1), small_vit(), 0);
  EXPECT_EQ(sha256_hex(std::as_bytes(std::span(pixels))),
            "c4fff4c452599173ef9432c066dc6aa9fa4218fcd838513d11e273232fb971a4");
}

TEST(SyntheticDataset, ImagesHaveContrastAndAreNotClippedAway) {
  const ModelConfig model = *model_by_name("vit-tiny");
  const auto dataset = *open_dataset("synthetic", model, 1);
  double spread = 0, clipped = 0;
  for (std::uint64_t image = 0; image < 8; ++image) {
    const auto pixels = image_of(*dataset, model, image);
    const auto n = static_cast<double>(pixels.size());
    double mean = 0, square = 0;
    for (const std::uint8_t p : pixels) {
      mean += p / n;
      square += static_cast<double>(p) * p / n;
      clipped += (p == 0 || p == 255 ? 1 : 0) / n / 8;
    }
    spread += std::sqrt(square - mean * mean) / 8;
  }
  EXPECT_GT(spread, 25);
  EXPECT_LT(clipped, 0.2);
}

TEST(ImageFolder, ReadsImagesAndLabelsInOrder) {
  const ModelConfig model = small_vit();
  const TemporaryFile dark("dark.jpeg", jpeg_of(32, 32, 3, [](int, int, int) { return 10; }));
  const TemporaryFile light("light.jpeg", jpeg_of(34, 32, 3, [](int, int, int) { return 240; }));
  const auto name = [](const TemporaryFile& file) {
    return std::filesystem::path(file.path()).filename().string();
  };
  const TemporaryFile csv("labels.csv", "file,label\n" + name(light) + ",3\r\n" + name(dark) + ",10\n");
  const auto dataset = open_dataset("image-folder:" + csv.path(), model, 1);
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_EQ((*dataset)->size(), 2U);
  EXPECT_EQ((*dataset)->label(0), 3U);
  EXPECT_EQ((*dataset)->label(1), 10U);
  EXPECT_EQ((*dataset)->label(2), std::nullopt);
  EXPECT_NEAR(image_of(**dataset, model, 0)[500], 240, 2);
  EXPECT_NEAR(image_of(**dataset, model, 1)[500], 10, 2);
  std::vector<float> out(static_cast<std::size_t>(model.input_values()));
  EXPECT_THAT((*dataset)->read(2, out).error().message,
              HasSubstr("reading image 2: " + csv.path() + " lists 2 images"));
}

TEST(ImageFolder, MissingImageIsAnErrorWhenItIsRead) {
  const TemporaryFile csv("labels.csv", "file,label\nabsent.jpeg,0\n");
  const auto dataset = *open_dataset("image-folder:" + csv.path(), small_vit(), 1);
  std::vector<float> out(static_cast<std::size_t>(small_vit().input_values()));
  EXPECT_THAT(dataset->read(0, out).error().message,
              HasSubstr("absent.jpeg: cannot be read: No such file or directory"));
}

TEST(ImageFolder, BrokenLabelsNameTheLine) {
  EXPECT_THAT(error_of_csv(""), HasSubstr("no images are listed"));
  EXPECT_THAT(error_of_csv("file,label\n"), HasSubstr("no images are listed"));
  EXPECT_THAT(error_of_csv("a.jpeg,1\n"), HasSubstr("labels.csv:1: the first line must be"));
  EXPECT_THAT(error_of_csv("file,label\na.jpeg,1\na.jpeg\n"),
              HasSubstr("labels.csv:3: a line is file,label"));
  EXPECT_THAT(error_of_csv("file,label\n,1\n"), HasSubstr("labels.csv:2: a line is file,label"));
  EXPECT_THAT(error_of_csv("file,label\na.jpeg,11\n"),
              HasSubstr("labels.csv:2: label must be a class 0 to 10, got \"11\""));
  EXPECT_THAT(error_of_csv("file,label\na.jpeg,-1\n"), HasSubstr("got \"-1\""));
  EXPECT_THAT(error_of_csv("file,label\na.jpeg, 1\n"), HasSubstr("got \" 1\""));
}

TEST(Dataset, UnknownOnesAreErrors) {
  EXPECT_THAT(error_opening("mnist"), HasSubstr("known are synthetic, shapes, image-folder"));
  EXPECT_THAT(error_opening("image-folder:/nonexistent/labels.csv"), HasSubstr("cannot open"));
  ModelConfig grey = small_vit();
  grey.channels = 1;
  EXPECT_THAT(error_opening("image-folder:x.csv", grey), HasSubstr("3 channels, the model takes 1"));
}

}  // namespace
}  // namespace millrace
