// The contract of every codec of the registry; a new codec is tested by being in the table.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/codec/encoding.hpp"
#include "tests/codec/tensors.hpp"

namespace millrace {
namespace {

class EveryCodec : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Codec> codec = make_codec(GetParam()).value();
};
std::string test_name(const testing::TestParamInfo<std::string>& test) {
  std::string name = test.param;
  std::ranges::replace(name, '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Codecs, EveryCodec, testing::ValuesIn(codec_names()), test_name);

// klt meets a budget instead of a width: klt_codec_test.cpp tests its contract.
class EveryCodecOfFixedRate : public EveryCodec {};
std::vector<std::string> names_of_fixed_rate() {
  auto names = codec_names();
  std::erase(names, "klt");
  return names;
}
INSTANTIATE_TEST_SUITE_P(Codecs, EveryCodecOfFixedRate, testing::ValuesIn(names_of_fixed_rate()), test_name);

// Clipping narrows the range, so that a second trip may narrow it again.
class EveryCodecThatDoesNotClip : public EveryCodec {};
std::vector<std::string> names_without_clipping() {
  auto names = names_of_fixed_rate();
  std::erase_if(names, [](const std::string& name) {
    return name.find("aciq") != name.npos || name.find("clip") != name.npos;
  });
  return names;
}
INSTANTIATE_TEST_SUITE_P(Codecs, EveryCodecThatDoesNotClip, testing::ValuesIn(names_without_clipping()),
                         test_name);

constexpr double kBudgets[] = {-1, 0, 1.5, 2, 2.99, 3, 4, 5, 6, 7, 7.9, 8, 9, 16, 32, 1e9};

TEST_P(EveryCodecOfFixedRate, PredictsExactlyTheBytesItWrites) {
  Random random(4, "predicted size");
  for (int round = 0; round < 60; ++round) {
    const auto tensor = activation(small_shape(random), random);
    for (const double budget : kBudgets) {
      Buffer out;
      codec->encode(tensor.view(), {budget}, out);
      EXPECT_EQ(codec->predicted_size(tensor.shape, TensorRole::residual, {budget}).count(),
                static_cast<std::int64_t>(out.size()));
    }
  }
}

TEST_P(EveryCodec, AppendsAndLeavesWhatWasThere) {
  Buffer out(5, std::byte{0xab});
  codec->encode(one_image({1, 2, 3}).view(), {4}, out);
  EXPECT_EQ(Buffer(out.begin(), out.begin() + 5), Buffer(5, std::byte{0xab}));
  EXPECT_EQ(Buffer(out.begin() + 5, out.end()), encoded(GetParam(), one_image({1, 2, 3}), 4));
}

TEST_P(EveryCodec, DecodesItsOwnEncodingOfAnyFloats) {
  Random random(5, "any floats");
  for (int round = 0; round < 200; ++round) {
    const auto tensor = any_floats(small_shape(random), random);
    for (const double budget : {2.0, 3.0, 8.0}) decoded(encoded(GetParam(), tensor, budget), tensor.shape);
  }
}

TEST_P(EveryCodecThatDoesNotClip, DecodingAgainChangesNothing) {
  // Decoded values are representable, so the second trip is lossless.
  Random random(6, "twice");
  const auto tensor = activation({2, 5, 33}, random);
  const auto once = round_trip(GetParam(), tensor, 6);
  EXPECT_EQ(round_trip(GetParam(), {tensor.shape, once}, 6), once);
}

TEST_P(EveryCodec, CarriesRoleAndShapeInItsHeader) {
  const Tensor tensor{{2, 3, 4}, std::vector<float>(24, 1)};
  for (const auto role :
       {TensorRole::image, TensorRole::attention_context, TensorRole::residual, TensorRole::gelu,
        TensorRole::logits, TensorRole::features, TensorRole::tokens, TensorRole::lengths}) {
    Buffer out;
    codec->encode(tensor.view(role), {8}, out);
    const auto header = read_header(out);
    ASSERT_TRUE(header.ok());
    EXPECT_EQ(header->role, role);
    EXPECT_EQ(header->shape, tensor.shape);
    if (GetParam() != "klt") {
      EXPECT_EQ(header->bits, codec->bit_width({8}));
    }
  }
}

TEST_P(EveryCodec, KeepsItsPromisesInEveryScope) {
  Random random(18, "scopes");
  for (const auto scope : {ScaleScope::image, ScaleScope::token, ScaleScope::tensor})
    for (const auto role : {TensorRole::residual, TensorRole::gelu})
      for (int round = 0; round < 40; ++round) {
        const CodecChoice choice{.name = GetParam(), .scope = scope};
        const auto tensor = round % 2 == 0 ? activation(small_shape(random), random)
                                           : any_floats(small_shape(random), random);
        const auto encoding = encoded(choice, tensor, 5, role);
        if (GetParam() != "klt") {
          EXPECT_EQ(make_codec(choice).value()->predicted_size(tensor.shape, role, {5}).count(),
                    static_cast<std::int64_t>(encoding.size()));
        }
        decoded(encoding, tensor.shape);
      }
}

TEST_P(EveryCodec, EmptyTensorsTravel) {
  for (const TensorShape shape : {TensorShape{0, 197, 192}, TensorShape{3, 0, 192}, TensorShape{3, 197, 0}})
    EXPECT_TRUE(decoded(encoded(GetParam(), {shape, {}}), shape).empty());
}

TEST_P(EveryCodec, SameTensorSameBytes) {
  Random random(7, "same");
  const auto tensor = any_floats({2, 3, 50}, random);
  EXPECT_EQ(encoded(GetParam(), tensor, 5), encoded(GetParam(), tensor, 5));
}

}  // namespace
}  // namespace millrace
