#include "runtime/stage/evaluation_report.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/stage/small_vit.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

EvaluationRow row(std::vector<int> cuts, std::uint64_t correct) {
  EvaluationRow made;
  made.quantization = {"naive", ScaleScope::token, 3};
  made.cuts = std::move(cuts);
  made.count = 40;
  made.correct = correct;
  made.correct_in_top = correct + 2;
  made.bytes = Bytes(401);
  made.values = 1000;
  return made;
}

TEST(AnEvaluationsCsv, HasTheColumnsThatScriptsRelyOn) {
  EXPECT_EQ(kEvaluationColumns, "codec,scope,bits,cuts,correct,count,bits_per_value");
  EXPECT_EQ(csv_line(row({24, 36}, 30)), "naive,token,3,24+36,30,40,3.208");
  EvaluationRow real = row({4}, 0);
  real.quantization.bits = 2.25;
  EXPECT_EQ(csv_line(real), "naive,token,2.25,4,0,40,3.208");
  EvaluationRow fp32;
  fp32.count = fp32.correct = 1;
  EXPECT_EQ(csv_line(fp32), "none,none,32,none,1,1,32");
}

std::string cuts(const std::vector<std::string>& entries) {
  const auto sets = cuts_from_text(entries, small_vit());
  if (!sets) return sets.error().message;
  std::string all;
  for (const auto& set : *sets) all += cuts_text(set) + " ";
  return all;
}

TEST(Cuts, AreReadAsTheyAreWritten) {
  EXPECT_EQ(cuts({"8", "4"}), "4 8 ");
  EXPECT_EQ(cuts({"8+4", "8"}), "4+8 8 ");
  EXPECT_EQ(cuts({"all-blocks", "4"}), "4 8 ");
  EXPECT_EQ(cuts({"all"}), "1 2 3 4 5 6 7 8 9 10 11 ");
}

TEST(Cuts, ThatAreNoneAreNamed) {
  EXPECT_THAT(cuts({"blocks"}), HasSubstr("got \"blocks\""));
  EXPECT_THAT(cuts({"4+"}), HasSubstr("got \"\""));
  EXPECT_THAT(cuts({"4.5"}), HasSubstr("got \"4.5\""));
  EXPECT_THAT(cuts({"99999999999999"}), HasSubstr("got \"99999999999999\""));
  EXPECT_THAT(cuts({"4+4"}), HasSubstr("a cut stands twice in \"4+4\""));
}

std::vector<std::string> grid(const QuantizationGrid& grid) {
  const auto found = rows_of(grid);
  if (!found) return {found.error().message};
  std::vector<std::string> all;
  for (const Quantization& one : found->rows)
    all.push_back(fmt::format("{} {} {}", one.codec, static_cast<int>(one.scope), one.bits));
  for (const std::string& note : found->notes) all.push_back(note);
  return all;
}

TEST(AGrid, GivesEachWidthACodecHasOnce) {
  EXPECT_THAT(grid({{"naive", "fp16"}, {ScaleScope::image, ScaleScope::token}, {2, 4}}),
              ElementsAre("naive 1 2", "naive 1 4", "naive 2 2", "naive 2 4", "fp16 0 16",
                          "fp16 does not have the width 2, 4: evaluated at 16"));
  EXPECT_THAT(grid({{"uniform"}, {ScaleScope::image}, {5.5, 5}}),
              ElementsAre("uniform 1 5", "uniform does not have the width 5.5: evaluated at 5"));
  EXPECT_THAT(grid({{"none", "fp6"}, {ScaleScope::token}, {6}}), ElementsAre("fp6 2 6"));
}

TEST(AGrid, RefusesUnknownCodecsAndImpossibleWidths) {
  EXPECT_THAT(grid({{"zip"}, {ScaleScope::image}, {2}}), ElementsAre(HasSubstr("known are fp32, fp16")));
  for (const double bits : {0.0, -1.0, 33.0, std::nan("")})
    EXPECT_THAT(grid({{"naive"}, {ScaleScope::image}, {bits}}), ElementsAre(HasSubstr("0.01 to 32, got")));
}

TEST(TheTableOverCuts, HasMeanAndWorst) {
  EXPECT_EQ(table_over_cuts({row({4}, 30)}), "");
  const std::string table = table_over_cuts({row({4}, 30), row({8}, 10), row({4, 8}, 20)});
  EXPECT_THAT(table, HasSubstr(" 50.00 "));
  EXPECT_THAT(table, HasSubstr(" 25.00           8 "));
}

TEST(AnEvaluationsJson, HasEverything) {
  EvaluationFacts facts;
  facts.release = "1.0";
  facts.weights = "w.safetensors";
  facts.weights_sha256 = "ab";
  facts.complete = true;
  const auto root = nlohmann::json::parse(evaluation_json(facts, {row({24, 36}, 30)}));
  EXPECT_EQ(root["weights"]["sha256"], "ab");
  EXPECT_EQ(root["complete"], true);
  const auto& first = root["rows"][0];
  EXPECT_EQ(first["cuts"], nlohmann::json({24, 36}));
  EXPECT_EQ(first["top5_correct"], 32);
  EXPECT_DOUBLE_EQ(first["top1"], 0.75);
  EXPECT_NEAR(first["top1_interval_95"][0], 0.5980, 1e-4) << "Wilson, 30 of 40";
  EXPECT_NEAR(first["top1_interval_95"][1], 0.8581, 1e-4);
}

}  // namespace
}  // namespace millrace
