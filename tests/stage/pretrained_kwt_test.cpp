// A tenth of the clips of pretrained_kwt_slow_test.cpp: enough to notice a wrong norm, GELU or bias.
#include "tests/stage/pretrained_kwt.hpp"

namespace millrace {
namespace {

// The same code classifies 1284 of all 1320 clips correctly.
TEST_F(PretrainedKwt, ClassifiesTheFirstClipsRight) { EXPECT_EQ(right_of(132), 125); }

TEST_F(PretrainedKwt, AnyPartitionGivesTheBitsOfTheWholeModel) {
  const auto whole = logits({}, 0, 24);
  for (const std::vector<int>& cuts : {std::vector{24}, {1, 2, 3}, {10, 21, 47}, {13, 30}}) {
    const auto cut = logits(cuts, 0, 24, 2);
    EXPECT_EQ(cut[0].values, whole[0].values) << testing::PrintToString(cuts);
  }
}

}  // namespace
}  // namespace millrace
