#include "sim/tcp/congestion_window.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace {
namespace {

constexpr Duration kTimeout = Duration::ms(300);

CongestionWindow window_of(double size, double threshold = CongestionWindow::kNoThreshold) {
  CongestionWindow window;
  window.size = size;
  window.threshold = threshold;
  return window;
}

double after_idle(double size, Duration idle) {
  auto window = window_of(size);
  window.restart(idle, kTimeout);
  return window.size;
}

TEST(CongestionWindow, BeginsWithTenPacketsInSlowStart) {
  const CongestionWindow window;
  EXPECT_EQ(window.size, 10);  // RFC 6928
  EXPECT_TRUE(window.in_slow_start());
}

TEST(CongestionWindow, SlowStartAddsEachPacketAndStopsAtTheThreshold) {
  auto window = window_of(10, 14);
  EXPECT_EQ(window.slow_start(3), 0);
  EXPECT_EQ(window.size, 13);
  EXPECT_TRUE(window.in_slow_start());
  EXPECT_EQ(window.slow_start(5), 4);  // one of the five reached the threshold
  EXPECT_EQ(window.size, 14);
  EXPECT_FALSE(window.in_slow_start());
}

TEST(CongestionWindow, AvoidanceAddsOnePacketForAsManyAsAreAsked) {
  auto window = window_of(10, 10);
  for (int i = 0; i < 9; ++i) window.avoid_congestion(10, 1);
  EXPECT_EQ(window.size, 10);
  window.avoid_congestion(10, 1);
  EXPECT_EQ(window.size, 11);
}

TEST(CongestionWindow, ALargeAcknowledgementAddsSeveralPacketsAndKeepsTheRest) {
  auto window = window_of(10, 10);
  window.avoid_congestion(10, 25);
  EXPECT_EQ(window.size, 12);
  window.avoid_congestion(10, 4);  // 5 were left: 9
  EXPECT_EQ(window.size, 12);
  window.avoid_congestion(10, 1);
  EXPECT_EQ(window.size, 13);
}

TEST(CongestionWindow, CreditFromASlowerCurveCountsForOnePacketOnly) {
  auto window = window_of(50, 10);
  window.avoid_congestion(100, 90);
  EXPECT_EQ(window.size, 50);
  window.avoid_congestion(10, 1);  // not 9 packets: what was collected is worth one
  EXPECT_EQ(window.size, 51);
  window.avoid_congestion(10, 8);  // 1 + 8
  EXPECT_EQ(window.size, 51);
  window.avoid_congestion(10, 1);
  EXPECT_EQ(window.size, 52);
}

TEST(CongestionWindow, ForgottenCreditHasToBeCollectedAgain) {
  auto window = window_of(10, 10);
  window.avoid_congestion(10, 9);
  window.forget_credit();
  window.avoid_congestion(10, 9);
  EXPECT_EQ(window.size, 10);
  window.avoid_congestion(10, 1);
  EXPECT_EQ(window.size, 11);
}

TEST(CongestionWindow, HalvesForEachFurtherTimeOutOfIdleness) {
  EXPECT_EQ(after_idle(200, kTimeout + Duration::ns(1)), 100);
  EXPECT_EQ(after_idle(200, kTimeout * 2), 100);
  EXPECT_EQ(after_idle(200, kTimeout * 2 + Duration::ns(1)), 50);
  EXPECT_EQ(after_idle(200, kTimeout * 4), 25);
  EXPECT_EQ(after_idle(200, kTimeout * 4 + Duration::ns(1)), 12);  // of 25: whole packets
}

TEST(CongestionWindow, IdlenessNeverLowersItBelowTheInitialWindow) {
  EXPECT_EQ(after_idle(200, kTimeout * 1000), 10);
  EXPECT_EQ(after_idle(12, kTimeout * 2), 10);
  EXPECT_EQ(after_idle(6, kTimeout * 1000), 6);  // nor does it raise a smaller one
}

TEST(CongestionWindow, AfterIdlenessSlowStartLeadsBackToThreeQuarters) {
  auto window = window_of(200, 80);
  window.restart(kTimeout * 100, kTimeout);
  EXPECT_EQ(window.threshold, 150);
  window = window_of(200, 190);
  window.restart(kTimeout * 100, kTimeout);
  EXPECT_EQ(window.threshold, 190);  // what was higher stays
}

// tcp_cwnd_restart leaves snd_cwnd_cnt alone.
TEST(CongestionWindow, CreditSurvivesIdleness) {
  auto window = window_of(10, 10);
  window.avoid_congestion(10, 9);
  window.restart(kTimeout * 2, kTimeout);
  window.avoid_congestion(10, 1);
  EXPECT_EQ(window.size, 11);
}

TEST(CongestionWindow, TheAlgorithmsHaveTheNamesThatLinuxGivesThem) {
  EXPECT_THAT(linux_congestion_controls(), testing::UnorderedElementsAre("reno", "cubic", "bbr"));
}

}  // namespace
}  // namespace millrace
