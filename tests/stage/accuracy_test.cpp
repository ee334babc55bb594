// Quantized cuts of pretrained ViT-Tiny against another implementation's fake quantization of the same 650
// images (a range per image or token, the cut after block 5 or 8 counted from 0). The tolerance is the
// reference's: BLAS kernels differ between machines, and so may the results for images that are nearly a tie.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "runtime/stage/evaluation.hpp"
#include "runtime/stage/evaluation_report.hpp"

namespace millrace {
namespace {

class Accuracy : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(weights_) || !std::filesystem::exists(labels_))
      GTEST_SKIP() << "needs ../shared (pretrained weights): there is no " << shared_;
  }

  // Correct images among the first `images`, by "codec scope bits cuts".
  std::map<std::string, std::uint64_t> correct(std::uint64_t images, const QuantizationGrid& grid,
                                               const std::vector<int>& cuts) {
    const auto dataset = open_dataset("image-folder:" + labels_, model_, 1);
    const auto weights = open_weights(weights_, model_);
    const auto rows = rows_of(grid);
    MR_CHECK(dataset.ok() && weights.ok() && rows.ok());
    EvaluationRequest request;
    request.model = model_;
    request.images = images;
    for (const int cut : cuts) request.cuts.push_back({cut});
    request.quantizations = rows->rows;
    request.threads = 2;
    std::map<std::string, std::uint64_t> found;
    EvaluationEvents events;
    events.row = [&](const EvaluationRow& row) {
      const std::string line = csv_line(row);
      std::cout << line << "\n";
      found[line.substr(0, line.find("," + std::to_string(row.correct) + ","))] = row.correct;
    };
    EXPECT_TRUE(evaluate(request, **dataset, **weights, events).ok());
    return found;
  }

  const std::filesystem::path shared_ = std::filesystem::path(MILLRACE_SOURCE_DIR).parent_path() / "shared";
  const std::string weights_ = (shared_ / "models/vit_tiny/vit_tiny_fp32.safetensors").string();
  const std::string labels_ = (shared_ / "data/imagenet_val_650/labels.csv").string();
  const ModelConfig model_ = *model_by_name("vit-tiny");
};

void expect_near(const std::map<std::string, std::uint64_t>& found,
                 const std::map<std::string, std::uint64_t>& expected, double tolerance) {
  EXPECT_EQ(found.size(), expected.size());
  for (const auto& [row, correct] : expected) {
    ASSERT_TRUE(found.contains(row)) << row;
    EXPECT_NEAR(static_cast<double>(found.at(row)), static_cast<double>(correct), tolerance) << row;
  }
}

// The full computation's figures for the first 40; one image may be a tie on another machine.
TEST_F(Accuracy, OfTheFirstFortyImages) {
  expect_near(correct(40, {{"naive"}, {ScaleScope::image, ScaleScope::token}, {2, 8}}, {36}),
              {{"none,none,32,none", 31},
               {"naive,image,2,36", 0},
               {"naive,image,8,36", 23},
               {"naive,token,2,36", 18},
               {"naive,token,8,36", 32}},
              1);
}

class AccuracyOfAll : public Accuracy {};

TEST_F(AccuracyOfAll, IsThatOfTheReferencesFakeQuantization) {
  expect_near(correct(650, {{"naive"}, {ScaleScope::image, ScaleScope::token}, {8, 4, 2}}, {24, 36}),
              {{"none,none,32,none", 536},
               {"naive,image,8,24", 535},
               {"naive,image,4,24", 531},
               {"naive,image,2,24", 6},
               {"naive,token,8,24", 536},
               {"naive,token,4,24", 526},
               {"naive,token,2,24", 460},
               {"naive,image,8,36", 432},
               {"naive,image,4,36", 3},
               {"naive,image,2,36", 3},
               {"naive,token,8,36", 536},
               {"naive,token,4,36", 512},
               {"naive,token,2,36", 313}},
              3);
}

}  // namespace
}  // namespace millrace
