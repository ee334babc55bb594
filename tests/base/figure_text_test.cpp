#include "runtime/base/figure_text.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace millrace {
namespace {

TEST(FigureText, KeepsFixedDecimalsWhereTheyShowTheFigure) {
  EXPECT_EQ(figure_text(158.6042, 3), "158.604");
  EXPECT_EQ(figure_text(-12.34, 1), "-12.3");
  EXPECT_EQ(figure_text(8, 2), "8.00");
}

TEST(FigureText, NothingButZeroIsZero) {
  EXPECT_EQ(figure_text(0, 2), "0");
  EXPECT_EQ(figure_text(0.000149, 3), "0.00015");
  EXPECT_EQ(figure_text(0.004, 2), "0.004");
  EXPECT_EQ(figure_text(-3e-9, 1), "-3e-09");
  for (double value = 1; value > 1e-300; value /= 7)
    for (int decimals = 0; decimals < 4; ++decimals)
      EXPECT_NEAR(std::stod(figure_text(value, decimals)) / value, 1, 0.051) << value << " " << decimals;
}

TEST(BytesText, TakesTheUnitThatFits) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(149), "149 B");
  EXPECT_EQ(bytes_text(12'300), "12.30 kB");
  EXPECT_EQ(bytes_text(456e6), "456.0 MB");
  EXPECT_EQ(bytes_text(7.5e15), "7500.0 TB");
}

TEST(MemoryText, TakesTheBinaryUnitThatFits) {
  EXPECT_EQ(memory_text(0), "0 B");
  EXPECT_EQ(memory_text(1023), "1023 B");
  EXPECT_EQ(memory_text(1 << 10), "1.0 KiB");
  EXPECT_EQ(memory_text(22.5 * (1 << 20)), "22.5 MiB");
  EXPECT_EQ(memory_text(1536.0 * (1 << 20)), "1.5 GiB");
}

}  // namespace
}  // namespace millrace
