// The fuzz target itself, on encodings of every codec and scope and on mutations of them: it compiles, and
// its assertions hold on the inputs from which a fuzzer would start.
#include <gtest/gtest.h>

#include <cstdint>

#include "tests/codec/tensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace millrace {
namespace {

void feed(const Buffer& encoding) {
  Buffer input{std::byte{1}};  // the target's shape 2 x 3 x 7
  input.insert(input.end(), encoding.begin(), encoding.end());
  EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size()), 0);
}

TEST(CodecFuzz, TakesEveryCodecInEveryScopeAndItsMutations) {
  Random random(32, "codec fuzz");
  LLVMFuzzerTestOneInput(nullptr, 0);
  for (const auto& name : codec_names())
    for (const auto scope : {ScaleScope::image, ScaleScope::token, ScaleScope::tensor})
      for (const double bits : {2.0, 3.0, 8.0, 16.0}) {
        const auto encoding = encoded({.name = name, .scope = scope}, activation({2, 3, 7}, random), bits);
        feed(encoding);
        for (int round = 0; round < 100; ++round) {
          auto mutated = encoding;
          for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits)
            mutated[random.below(mutated.size())] = static_cast<std::byte>(random.below(256));
          feed(mutated);
        }
      }
}

}  // namespace
}  // namespace millrace
