#include "sim/links/packet_probe.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(BelievableLoss, IsWithinFourStandardDeviationsAndOnePacket) {
  EXPECT_TRUE(believable_loss(0, 100, 0, 1));
  EXPECT_TRUE(believable_loss(1, 100, 0, 1)) << "a busy machine may lose one";
  EXPECT_FALSE(believable_loss(2, 100, 0, 1));
  // 400 packets at 5 %: 20, deviation 4.36.
  EXPECT_TRUE(believable_loss(38, 400, 0.05, 1));
  EXPECT_FALSE(believable_loss(39, 400, 0.05, 1));
  EXPECT_TRUE(believable_loss(2, 400, 0.05, 1));
  EXPECT_FALSE(believable_loss(1, 400, 0.05, 1));
}

TEST(BelievableLoss, BurstsSpreadFurther) {
  EXPECT_FALSE(believable_loss(60, 400, 0.05, 1));
  EXPECT_TRUE(believable_loss(60, 400, 0.05, 5));
}

}  // namespace
}  // namespace millrace
