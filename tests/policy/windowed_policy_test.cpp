// The reference's policies, each on figures computed by hand.
#include "runtime/policy/windowed_policy.hpp"

#include <gtest/gtest.h>

#include "tests/policy/samples.hpp"

namespace millrace {
namespace {

double chosen(QuantizationPolicy& policy) { return policy.choose(at_ms(0), outgoing()).bits_per_value; }

TEST(ALinkWindow, CountsTheTimeOfWhatOverlapsOnce) {
  LinkWindow window(3);
  EXPECT_FALSE(window.add(sample({.sent_ms = 0, .acknowledged_ms = 10, .bytes = 100})));
  EXPECT_FALSE(window.add(sample({.sent_ms = 5, .acknowledged_ms = 25, .bytes = 100})));  // from 10: 15 ms
  const auto figures = window.add(sample({.sent_ms = 40, .acknowledged_ms = 45, .bytes = 50}));
  ASSERT_TRUE(figures);
  EXPECT_DOUBLE_EQ(figures->sending_s, 0.030);
  EXPECT_DOUBLE_EQ(figures->bits, 2000);
  EXPECT_DOUBLE_EQ(figures->images, 30);
  EXPECT_DOUBLE_EQ(figures->values, 3000);
  EXPECT_NEAR(figures->bandwidth_bit_per_s(), 2000 / 0.030, 1e-6);
  EXPECT_NEAR(figures->images_per_s(), 1000, 1e-9);
}

TEST(ALinkWindow, BeginsAnewAndStillKnowsTheLastAcknowledgement) {
  LinkWindow window(1);
  ASSERT_TRUE(window.add(sample({.sent_ms = 0, .acknowledged_ms = 10, .bytes = 1})));
  const auto figures = window.add(sample({.sent_ms = 4, .acknowledged_ms = 12, .bytes = 1}));
  ASSERT_TRUE(figures);
  EXPECT_DOUBLE_EQ(figures->sending_s, 0.002) << "counts from 10, the acknowledgement before";
}

// 1000 values of 32 bits per 10 images; at 100 images/s a microbatch has 100 ms. A microbatch of 4000 bytes
// that took `ms` shows that the link carries 32000 bits in that time.
double heuristic_after(double ms) {
  HeuristicQuantization policy(100, 2);
  policy.observe(sample({.sent_ms = 0, .acknowledged_ms = ms, .bytes = 4000}));
  EXPECT_EQ(chosen(policy), 32) << "before the window's end";
  policy.observe(sample({.sent_ms = 1000, .acknowledged_ms = 1000 + ms, .bytes = 4000}));
  return chosen(policy);
}

TEST(Heuristic, DecidesByHowManyTimesTheWindowIsTooLarge) {
  EXPECT_EQ(heuristic_after(90), 32) << "fits: floor(0.9) + 1 = 1";
  EXPECT_EQ(heuristic_after(110), 16) << "floor(1.1) + 1 = 2";
  EXPECT_EQ(heuristic_after(190), 16);
  EXPECT_EQ(heuristic_after(210), 8) << "3";
  EXPECT_EQ(heuristic_after(390), 8) << "4";
  EXPECT_EQ(heuristic_after(410), 6) << "5";
  EXPECT_EQ(heuristic_after(510), 4) << "6";
  EXPECT_EQ(heuristic_after(790), 4) << "8";
  EXPECT_EQ(heuristic_after(810), 2) << "9";
  EXPECT_EQ(heuristic_after(0), 32) << "sending took no time";
}

TEST(Heuristic, HoldsItsWidthUntilTheNextWindowsEnd) {
  HeuristicQuantization policy(100, 2);
  for (double t : {0., 1000., 2000.}) policy.observe(sample({t, t + 810, 4000}));
  EXPECT_EQ(chosen(policy), 2);
  policy.observe(sample({3000, 3001, 4000}));  // the window holds 811 ms: 8.11 times too large
  EXPECT_EQ(chosen(policy), 6)
      << "8000 bytes in 811 ms, 200 ms at the target rate: ratio floor(4.055) + 1 = 5";
}

double max_fit_after(double ms) {
  MaxFitQuantization policy(100, 1);
  EXPECT_EQ(chosen(policy), 32);
  policy.observe(sample({.sent_ms = 0, .acknowledged_ms = ms, .bytes = 4000}));
  return chosen(policy);
}

TEST(MaxFit, TakesTheMostBitsThatFitIntoOneMicrobatchsTime) {
  EXPECT_EQ(max_fit_after(50), 32) << "at most fp32";
  EXPECT_EQ(max_fit_after(101), 31) << "320000 bit/s · 100/101 · 0.1 s / 1000 values = 31.7";
  EXPECT_EQ(max_fit_after(1000), 3) << "3.2";
  EXPECT_EQ(max_fit_after(10'000), 2) << "0.32: at least 2";
  EXPECT_EQ(max_fit_after(0), 32);
}

// The base rate is 50 images/s at 32 bits (s = 1) and the target 100: with s = 2, 16 bits, it is met.
TEST(Controller, FindsTheSpeedUpThatMeetsTheTarget) {
  ControllerQuantization policy(100, 1);
  policy.observe(sample({.sent_ms = 0, .acknowledged_ms = 200, .bytes = 4000}));
  // gain (1 + 1e-5) / (1 + 1e-5 + 0.01) = 0.990099; base rate 49.50; s = 1 + (100 - 50) / 49.50 = 2.0101:
  // between 16 (2) and 10 bits (3.2); the share of 16 is 2 (3.2 - 2.0101) / (2.0101 (3.2 - 2)) = 0.9866.
  EXPECT_EQ(chosen(policy), 16);
  policy.observe(sample({.sent_ms = 1000, .acknowledged_ms = 1100, .bytes = 2000}));
  EXPECT_EQ(chosen(policy), 16) << "at 16 bits and 100 images/s nothing remains to be done";
}

TEST(Controller, SplitsAWindowBetweenTheTwoNeighbours) {
  ControllerQuantization policy(100, 10);
  for (int i = 0; i < 10; ++i) policy.observe(sample({i * 1000., i * 1000. + 250, 4000}));
  // rate 40; base rate 0.990099 · 40 = 39.604; s = 1 + 60 / 39.604 = 2.5150, between 2 (16 bits) and 3.2
  // (10): share 2 (3.2 - 2.5150) / (2.5150 · 1.2) = 0.45395; of 10 microbatches 5 (4.54).
  std::vector<double> window;
  for (int i = 0; i < 11; ++i) window.push_back(chosen(policy));
  EXPECT_EQ(window, (std::vector<double>{16, 16, 16, 16, 16, 10, 10, 10, 10, 10, 10}));
}

TEST(Controller, StaysWithinWhatTheWidthsOffer) {
  ControllerQuantization policy(100, 1);
  policy.observe(sample({.sent_ms = 0, .acknowledged_ms = 100'000, .bytes = 4000}));
  EXPECT_EQ(chosen(policy), 2) << "far too slow: speed-up 16";
  ControllerQuantization fast(100, 1);
  fast.observe(sample({.sent_ms = 0, .acknowledged_ms = 1, .bytes = 4000}));
  EXPECT_EQ(chosen(fast), 32) << "never slower than without";
}

TEST(Controller, AWindowThatTookNoTimeNeedsNoSpeedUp) {
  ControllerQuantization policy(100, 1);
  policy.observe(sample({.sent_ms = 0, .acknowledged_ms = 100'000, .bytes = 4000}));
  policy.observe(sample({.sent_ms = 100'000, .acknowledged_ms = 100'000, .bytes = 4000}));
  EXPECT_EQ(chosen(policy), 32);
}

}  // namespace
}  // namespace millrace
