// The scope of a range: a tensor, an image or a token.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/codec/encoding.hpp"
#include "tests/codec/tensors.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;

std::vector<float> through(ScaleScope scope, const Tensor& tensor, double bits) {
  return decoded(encoded({.name = "uniform", .scope = scope}, tensor, bits), tensor.shape);
}

TEST(Scope, GroupsAreTheTensorItsImagesOrItsTokens) {
  EXPECT_EQ(groups_of({2, 3, 4}, ScaleScope::tensor), (Groups{1, 24}));
  EXPECT_EQ(groups_of({2, 3, 4}, ScaleScope::image), (Groups{2, 12}));
  EXPECT_EQ(groups_of({2, 3, 4}, ScaleScope::token), (Groups{6, 4}));
}

TEST(Scope, ATensorWithoutValuesHasNoGroupsWhateverItsShape) {
  for (const auto scope : {ScaleScope::tensor, ScaleScope::image, ScaleScope::token}) {
    const TensorShape shape{kMaxDimension, kMaxDimension, 0};
    EXPECT_EQ(groups_of(shape, scope), Groups{});
    EXPECT_EQ(encoded({.name = "uniform", .scope = scope}, {shape, {}}).size(), kHeaderBytes);
  }
}

// Values that 2 bits hold exactly if each token has its own range, but not if each image has; and so on.
TEST(Scope, EachGroupHasItsOwnRange) {
  const Tensor tokens{{1, 2, 4}, {0, 1, 2, 3, 0, 100, 200, 300}};
  EXPECT_EQ(through(ScaleScope::token, tokens, 2), tokens.values);
  EXPECT_THAT(through(ScaleScope::image, tokens, 2), ElementsAre(0, 0, 0, 0, 0, 100, 200, 300));
  const Tensor images{{2, 2, 2}, tokens.values};
  EXPECT_EQ(through(ScaleScope::image, images, 2), tokens.values);
  EXPECT_THAT(through(ScaleScope::tensor, images, 2), ElementsAre(0, 0, 0, 0, 0, 100, 200, 300));
}

TEST(Scope, EachGroupIsPackedByItself) {
  const Tensor tensor{{2, 3, 7}, std::vector<float>(42, 1)};
  const auto bytes = [&](ScaleScope scope) {
    return encoded({.name = "uniform", .scope = scope}, tensor, 3).size() - kHeaderBytes;
  };
  EXPECT_EQ(bytes(ScaleScope::tensor), 8 + 16u);      // 126 bits
  EXPECT_EQ(bytes(ScaleScope::image), 2 * (8 + 8u));  // 63 bits
  EXPECT_EQ(bytes(ScaleScope::token), 6 * (8 + 3u));  // 21 bits
}

TEST(Scope, StandsInTheHeader) {
  for (const auto scope : {ScaleScope::tensor, ScaleScope::image, ScaleScope::token}) {
    const auto header = read_header(encoded({.name = "uniform", .scope = scope}, one_image({1, 2})));
    ASSERT_TRUE(header.ok());
    EXPECT_EQ(header->scope, scope);
  }
}

TEST(Scope, FormatsWithoutSideInformationIgnoreIt) {
  for (const char* name : {"fp32", "fp16", "u8"})
    EXPECT_EQ(encoded({.name = name, .scope = ScaleScope::token}, one_image({1, 2})),
              encoded(name, one_image({1, 2})));
}

TEST(Scope, NamesAreThoseOfTheScenario) {
  EXPECT_EQ(*scale_scope_by_name("image"), ScaleScope::image);
  EXPECT_EQ(*scale_scope_by_name("token"), ScaleScope::token);
  EXPECT_EQ(*scale_scope_by_name("tensor"), ScaleScope::tensor);
  EXPECT_EQ(scale_scope_by_name("none").error().message,
            "scope \"none\" is not known, known are image, token, tensor");
}

}  // namespace
}  // namespace millrace
