#include "sim/sweep/statistics.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

// From printed tables of Student's t (two-sided 95 %), to the digits they have.
TEST(StudentT, IsThatOfTheTables) {
  EXPECT_NEAR(student_t_975(1), 12.706, 5e-4);
  EXPECT_NEAR(student_t_975(2), 4.303, 5e-4);
  EXPECT_NEAR(student_t_975(4), 2.776, 5e-4);
  EXPECT_NEAR(student_t_975(9), 2.262, 5e-4);
  EXPECT_NEAR(student_t_975(30), 2.042, 5e-4);
  EXPECT_NEAR(student_t_975(120), 1.980, 5e-4);
}

// mean 3, s = sqrt(2.5), n = 5: 2.776 * sqrt(2.5 / 5) = 1.963
TEST(Estimate, IsTheTextbooks) {
  const auto result = estimate({1, 2, 3, 4, 5});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->n, 5U);
  EXPECT_DOUBLE_EQ(result->mean, 3);
  EXPECT_NEAR(result->half_width.value(), 1.9632, 1e-4);
}

TEST(Estimate, OfOneValueKnowsNoSpreadAndOfNoneNothing) {
  EXPECT_FALSE(estimate({}));
  EXPECT_EQ(estimate({4})->mean, 4);
  EXPECT_FALSE(estimate({4})->half_width);
}

TEST(Estimate, OfEqualValuesHasNoWidth) {
  const auto result = estimate({0.1, 0.1, 0.1});
  EXPECT_EQ(result->mean, 0.1);
  EXPECT_EQ(result->half_width, 0.0);
}

}  // namespace
}  // namespace millrace
