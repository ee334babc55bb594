// The synthetic datasets of the families whose inputs are not pixels.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "runtime/base/sha256.hpp"
#include "runtime/codec/half.hpp"
#include "tests/stage/small_families.hpp"

namespace millrace {
namespace {

std::vector<float> image_of(const ModelConfig& model, std::uint64_t image, std::uint64_t seed = 1) {
  std::vector<float> values(static_cast<std::size_t>(model.input_values()));
  const auto dataset = *open_dataset("synthetic", model, seed);
  EXPECT_TRUE(dataset->read(image, values).ok());
  EXPECT_EQ(dataset->size(), std::nullopt);
  EXPECT_EQ(dataset->label(image), std::nullopt);
  return values;
}

TEST(SyntheticFamilies, ImagesDependOnSeedAndNumberOnly) {
  for (const ModelConfig& model : {small_kwt(), small_bert()}) {
    EXPECT_EQ(image_of(model, 9), image_of(model, 9));
    EXPECT_NE(image_of(model, 9), image_of(model, 10));
    EXPECT_NE(image_of(model, 9), image_of(model, 9, 2));
  }
}

// Pinned: runs of other machines and versions must see the same.
TEST(SyntheticFamilies, ValuesAreTheSameEverywhere) {
  const auto hash = [](const ModelConfig& model) {
    const auto values = image_of(model, 0);
    return sha256_hex(std::as_bytes(std::span(values)));
  };
  EXPECT_EQ(hash(*model_by_name("kwt-1")),
            "17b66ea961bef46ac7d003ea49d9be56e6270fe81f44f7116d15619e9bd747a8");
  EXPECT_EQ(hash(*model_by_name("bert-base")),
            "03ded47c6e85738484a3fbb9f95b97a67f15c25905e8d9212f116168b549158f");
}

TEST(SyntheticFamilies, FeaturesSurviveFp16AndHaveSpread) {
  const auto values = image_of(*model_by_name("kwt-1"), 3);
  double square = 0;
  for (const float value : values) {
    EXPECT_EQ(float_from_half(half_from_float(value)), value);
    square += double{value} * value / static_cast<double>(values.size());
  }
  EXPECT_GT(square, 0.5);
  EXPECT_LT(square, 200);
}

TEST(SyntheticFamilies, SequencesAreHalfToFullyUsedInOneSegmentOrTwo) {
  ModelConfig model = small_bert();
  model.sequence = 11;
  std::set<float> lengths;
  int in_two_segments = 0;
  for (std::uint64_t image = 0; image < 200; ++image) {
    const auto values = image_of(model, image);
    const float tokens = values[11], first_segment = values[12];
    lengths.insert(tokens);
    EXPECT_GE(first_segment, 0);
    EXPECT_LE(first_segment, tokens);
    in_two_segments += first_segment < tokens ? 1 : 0;
    for (std::size_t i = 0; i < 11; ++i) {
      const bool used = static_cast<float>(i) < tokens;
      EXPECT_GE(values[i], used ? 1 : 0);
      EXPECT_LE(values[i], used ? 100 : 0);
      EXPECT_EQ(values[i], std::floor(values[i]));
    }
  }
  EXPECT_EQ(lengths, (std::set<float>{6, 7, 8, 9, 10, 11}));
  EXPECT_GT(in_two_segments, 50);
  EXPECT_LT(in_two_segments, 150);
}

TEST(SyntheticFamilies, TheSmallestModelsHaveThemToo) {
  ModelConfig model = small_bert();
  model.sequence = model.positions = model.vocabulary = 1;
  const auto values = image_of(model, 0);
  EXPECT_EQ(values[0], 0);  // the only word
  EXPECT_EQ(values[1], 1);
}

}  // namespace
}  // namespace millrace
