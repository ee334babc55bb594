// Seeded mutations and truncations of every kind of frame: an Error or a valid message, never a crash.
#include <gtest/gtest.h>

#include "runtime/base/random.hpp"
#include "tests/support/seed.hpp"
#include "tests/wire/samples.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace millrace {
namespace {

void swallow(const std::string& bytes) {
  ASSERT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()), 0);
}

TEST(HostileFrames, EveryTruncationIsHarmless) {
  for (const auto& [name, frame] : sample_frames()) {
    SCOPED_TRACE(name);
    const auto bytes = bytes_of(frame);
    for (std::size_t length = 0; length <= bytes.size(); ++length) swallow(bytes.substr(0, length));
  }
}

TEST(HostileFrames, EveryFlippedBitIsHarmless) {
  for (const auto& [name, frame] : sample_frames()) {
    SCOPED_TRACE(name);
    auto bytes = bytes_of(frame);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      const auto mask = static_cast<char>(1U << (bit % 8));
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
      swallow(bytes);
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
    }
  }
}

TEST(HostileFrames, SeededMutationsAreHarmless) {
  const auto seed = test_seed();
  SCOPED_TRACE(testing::Message() << "MILLRACE_TEST_SEED=" << seed);
  Random random(seed, "hostile frames");
  const auto frames = sample_frames();
  for (int i = 0; i < 30'000; ++i) {
    auto bytes = bytes_of(frames[random.below(frames.size())].second);
    for (auto n = 1 + random.below(8); n > 0; --n) {
      const auto where = kFrameHeader + random.below(bytes.size() - kFrameHeader + 1);
      switch (random.below(4)) {
        case 0:
          bytes.insert(where, 1, static_cast<char>(random.below(256)));
          break;
        case 1:
          bytes.erase(where, random.below(6));
          break;
        case 2:
          if (where < bytes.size()) bytes[where] = static_cast<char>(random.below(256));
          break;
        default:
          bytes.insert(where, bytes, kFrameHeader, random.below(40));
          break;
      }
    }
    swallow(bytes);
  }
}

TEST(HostileFrames, AMetaMessageOfAnotherKindIsHarmless) {
  for (const auto& [name, frame] : sample_frames()) {
    for (std::uint16_t type = 1; type <= 13; ++type) {
      auto other = frame;
      other.type = static_cast<FrameType>(type);
      SCOPED_TRACE(name + " as " + std::to_string(type));
      swallow(bytes_of(other));
    }
  }
}

}  // namespace
}  // namespace millrace
