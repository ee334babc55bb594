#include <gtest/gtest.h>

#include <array>
#include <string>

#include "runtime/base/random.hpp"
#include "tests/support/seed.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace millrace {
namespace {

const std::array<std::string, 7> kGood{"time_s,rate_mbit_per_s\n0,10\n1.5,0\n2,0.25\n4,end\n",
                                       "0\n5\n5\n9\n1000\n",
                                       "180.0\t99\r\n185.0\t1.5\r\n190.5\t0\r\n",
                                       "# c\ntime_us,rate_gbit_per_s\n0,1e-3\n7,end",
                                       "a,b_throughput_mbps\n1,2\n2,\"3\"\n",
                                       "[{\"duration_ms\": 500, \"bandwidth_kbps\": 1}]",
                                       "{\"intervals\": [{\"sum\": {\"start\": 0, \"end\": 1, "
                                       "\"bits_per_second\": 5e6}}]}"};
const std::array<std::string, 10> kPieces{"-",    "e999", ",", "\n", "nan", "18446744073709551616",
                                          "\r\n", "end",  "#", "0.0"};

std::string mutated(Random& random) {
  std::string text = kGood[random.below(kGood.size())];
  for (std::uint64_t n = random.below(4); n > 0; --n) {
    const std::size_t at = random.below(text.size() + 1);
    switch (random.below(4)) {
      case 0:
        text.insert(at, kPieces[random.below(kPieces.size())]);
        break;
      case 1:
        text.erase(at, random.below(5));
        break;
      case 2:
        text.insert(at, 1, static_cast<char>(random.below(256)));
        break;
      default:
        text += text.substr(at);
        break;
    }
  }
  return static_cast<char>(random.below(64)) + text;
}

TEST(TraceFuzzSmoke, MutatedTracesNeverCrashAReader) {
  const std::uint64_t seed = test_seed();
  RecordProperty("seed", std::to_string(seed));
  Random random(seed, "trace fuzz");
  for (int i = 0; i < 5000; ++i) {
    const std::string input = mutated(random);
    SCOPED_TRACE(testing::Message() << "seed " << seed << " input " << i);
    ASSERT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size()), 0);
  }
}

}  // namespace
}  // namespace millrace
