// All clips: the model's reference figure.
#include "tests/stage/pretrained_kwt.hpp"

namespace millrace {
namespace {

TEST_F(PretrainedKwt, ClassifiesAsManyOfAllClipsRightAsTheReference) {
  EXPECT_EQ(dataset_->size(), 1320U);
  EXPECT_EQ(right_of(1320), 1284);  // 97.27 %
}

}  // namespace
}  // namespace millrace
