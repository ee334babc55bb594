#include "runtime/shape/shaper.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Shaper, OneThatShapesNothingStartsAndEnds) {
  Shaper shaper({});
  ASSERT_TRUE(shaper.start());
  EXPECT_FALSE(shaper.failed());
  EXPECT_TRUE(shaper.stop());
  EXPECT_TRUE(shaper.stop());  // a second time too
  EXPECT_EQ(shaper.worst_lateness(), Duration());
}

}  // namespace
}  // namespace millrace
