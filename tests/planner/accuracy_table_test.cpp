#include "runtime/planner/accuracy_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/stage/evaluation_report.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

const std::string kHeader = std::string(kAccuracyColumns) + "\n";
const std::string kGood = kHeader +
                          "none,none,32,none,80,100,32\n"
                          "ds-aciq,image,4,24,72,100,4.02\n"
                          "ds-aciq,image,8,24,84,100,8.02\n"
                          "ds-aciq,image,4,36,40,100,4.02\n"
                          "ds-aciq,token,4,36,60,100,4.5\n"
                          "ds-aciq,image,4,24+36,30,100,4.02\n"
                          "naive,image,4,24,10,100,4\n"
                          "klt,none,1.5,24,79,100,1.5\n";

std::vector<AccuracyRow> rows(const std::string& text) {
  auto read = parse_accuracy_table(text, "t.csv");
  EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().message);
  return read.ok() ? *read : std::vector<AccuracyRow>{};
}
std::string fault(const std::string& text) {
  const auto read = parse_accuracy_table(text, "t.csv");
  return read.ok() ? "none" : read.error().message;
}
std::string finding(const std::string& text, const std::string& codec, int layers = 48) {
  const auto known = accuracies_of(rows(text), codec, "image", layers);
  return known.ok() ? "none" : known.error().message;
}

TEST(AnAccuracyTable, IsWhatAnEvaluationWrites) {
  EXPECT_EQ(kAccuracyColumns, kEvaluationColumns);
  EvaluationRow fp32, quantized;
  fp32.correct = 39, fp32.count = 40;
  quantized.quantization = {"ds-aciq", ScaleScope::token, 2.25};
  quantized.cuts = {24, 36};
  quantized.correct = 30, quantized.count = 40;
  const auto read = rows(kHeader + csv_line(fp32) + "\n" + csv_line(quantized) + "\n");
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].codec, "none");
  EXPECT_TRUE(read[0].cuts.empty());
  EXPECT_DOUBLE_EQ(read[0].share(), 39.0 / 40);
  EXPECT_EQ(read[1].scope, "token");
  EXPECT_EQ(read[1].bits, 2.25);
  EXPECT_EQ(read[1].cuts, (std::vector<int>{24, 36}));
}

TEST(AnAccuracyTable, GivesTheShareThatEachSingleCutOfTheCodecLeaves) {
  const auto known = accuracies_of(rows(kGood), "ds-aciq", "image", 48);
  ASSERT_TRUE(known.ok()) << known.error().message;
  EXPECT_DOUBLE_EQ(known->baseline, 0.8);
  ASSERT_EQ(known->widths.size(), 2U);
  EXPECT_EQ(known->widths[0].bits, 8);
  EXPECT_DOUBLE_EQ(known->widths[0].retained.at(24), 1);  // by chance better than fp32: capped at 1
  EXPECT_TRUE(known->widths[0].known.at(24));
  EXPECT_FALSE(known->widths[0].known.at(36));
  EXPECT_DOUBLE_EQ(known->widths[1].retained.at(24), 0.9);
  EXPECT_DOUBLE_EQ(known->widths[1].retained.at(36), 0.5);
  EXPECT_EQ(accuracies_of(rows(kGood), "klt", "", 48)->widths.front().bits, 1.5);
  EXPECT_EQ(accuracies_of(rows(kGood), "uniform", "image", 48)->widths.size(), 1U) << "naive is uniform";
}

TEST(AnAccuracyTable, OfTooLittleOrOfAnotherModelSaysWhatToEvaluate) {
  EXPECT_EQ(finding(kGood, "ds-aciq", 37), "none");
  EXPECT_THAT(finding(kGood, "ds-aciq", 36), HasSubstr("it has cut 36, the model's are 1 to 35"));
  EXPECT_THAT(finding(kGood, "aciq"), HasSubstr("it has: ds-aciq (scope image), ds-aciq (scope token), klt"));
  EXPECT_THAT(finding(kHeader + "ds-aciq,image,4,24,72,100,4\n", "ds-aciq"),
              HasSubstr("no row of codec none"));
  EXPECT_THAT(finding(kHeader + "none,none,32,none,8,10,32\nds-aciq,image,4,24,72,100,4\n", "ds-aciq"),
              HasSubstr("100 images at cut 24 and 10 for fp32"));
}

TEST(AnAccuracyTable, FaultsNameTheLine) {
  const auto row = [](const std::string& line) { return fault(kHeader + line + "\n"); };
  EXPECT_THAT(fault("codec,bits\n"), HasSubstr("t.csv:1: expected the columns"));
  EXPECT_THAT(fault(""), HasSubstr("holds no rows"));
  EXPECT_THAT(fault(kHeader + "none,none,32,none,80,100,32"), HasSubstr("t.csv:2: the line has no end"));
  EXPECT_THAT(row("none,none,32,none,80,100"), HasSubstr("t.csv:2: expected the columns"));
  EXPECT_THAT(row("none,none,32,none,101,100,32"), HasSubstr("correct at most count"));
  EXPECT_THAT(row("none,none,32,none,0,0,32"), HasSubstr("count at least 1"));
  EXPECT_THAT(row("none,none,nan,none,1,1,32"), HasSubstr("bits must be"));
  EXPECT_THAT(row("none,none,33,none,1,1,32"), HasSubstr("bits must be"));
  EXPECT_THAT(row("none,none,4,36+24,1,1,32"), HasSubstr("cuts must be"));
  EXPECT_THAT(row("none,none,4,24+,1,1,32"), HasSubstr("cuts must be"));
  EXPECT_THAT(row("a b,none,4,24,1,1,32"), HasSubstr("must be names"));
  EXPECT_THAT(row("none,none,4,24,1,1,inf"), HasSubstr("bits_per_value must be"));
  EXPECT_THAT(row("x,none,4,24,1,1,4\nx,none,4,24,1,1,4"), HasSubstr("t.csv:3: the same codec"));
}

}  // namespace
}  // namespace millrace
