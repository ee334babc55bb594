// The oracle is a pipeline of executors, as a run computes it: it shares layers and codecs with the
// evaluation, but not its bookkeeping.
#include "runtime/stage/evaluation.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "runtime/stage/calibrate.hpp"
#include "runtime/stage/evaluation_report.hpp"
#include "runtime/stage/scoring.hpp"
#include "runtime/stage/tensor_executor.hpp"
#include "tests/dataset/labelled_dataset.hpp"
#include "tests/stage/small_vit.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kImages = 13;

// The model's first class for each image, and for every fourth image its second.
std::vector<std::uint32_t> labels() {
  const ModelConfig model = small_vit();
  const CutTensors logits =
      forward(stage_of(model, {1, model.sub_layers()}), synthetic_images(model, kImages));
  const auto classes = static_cast<std::size_t>(model.classes);
  std::vector<std::uint32_t> all;
  for (std::size_t i = 0; i < kImages; ++i) {
    const auto own = std::span(logits[0].values).subspan(i * classes, classes);
    for (std::uint32_t c = 0; c < classes; ++c) {
      if (rank_of(own, c) == (i % 4 == 0 ? 1 : 0)) all.push_back(c);
    }
  }
  return all;
}

class AnEvaluation : public testing::Test {
 protected:
  AnEvaluation() {
    request_.model = small_vit();
    request_.images = kImages;
    request_.microbatch = 4;
  }

  std::vector<EvaluationRow> rows() {
    std::vector<EvaluationRow> all;
    EvaluationEvents events;
    events.row = [&](const EvaluationRow& row) { all.push_back(row); };
    events.progress = [&](const EvaluationProgress& now) {
      progress_.push_back(now);
      return true;
    };
    const auto ended = evaluate(request_, dataset_, *random_weights(7), events);
    MR_CHECK(ended.ok(), ended.ok() ? "" : ended.error().message);
    EXPECT_TRUE(*ended);
    return all;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> all;
    for (const EvaluationRow& row : rows())
      all.push_back(csv_line(row) + fmt::format(",{}", row.correct_in_top));
    return all;
  }
  std::string error() {
    const auto ended = evaluate(request_, dataset_, *random_weights(7), {});
    return ended.ok() ? "no error" : ended.error().message;
  }

  EvaluationRequest request_;
  LabelledDataset dataset_{small_vit(), labels()};
  std::vector<EvaluationProgress> progress_;
};

// The row for the same images computed by executors in stages that end at these cuts.
EvaluationRow pipeline_row(const Quantization& quantization, const std::vector<int>& cuts,
                           const std::string& calibrations = {}) {
  const ModelConfig model = small_vit();
  const auto right = labels();
  EvaluationRow row;
  std::vector<std::unique_ptr<Executor>> stages;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const LayerRange layers{i == 0 ? 1 : cuts[i - 1] + 1, i < cuts.size() ? cuts[i] : model.sub_layers()};
    const auto scope = quantization.scope == ScaleScope::none ? ScaleScope::image : quantization.scope;
    stages.push_back(*make_stage_executor({.model = model,
                                           .layers = layers,
                                           .seed = 7,
                                           .codec = {quantization.codec, scope},
                                           .calibrations = calibrations}));
  }
  const auto source = make_source_executor({.model = model, .seed = 3});
  const auto sink = make_sink_executor({.model = model, .seed = 3});
  for (std::uint64_t first = 0; first < kImages; first += 4) {
    const auto images = static_cast<std::uint32_t>(std::min<std::uint64_t>(4, kImages - first));
    Payload payload = (*source)->run({WorkKind::load, {first}, first, images, {}, {}}).value().output;
    for (std::size_t i = 0; i < stages.size(); ++i) {
      (void)stages[i]->run({WorkKind::forward, {first}, first, images, payload, {}}).value();
      const auto out = stages[i]->run({WorkKind::encode, {first}, first, images, {}, {quantization.bits}});
      payload = out->output;
      if (i == cuts.size()) break;
      row.bytes += payload.size;
      row.values += out->values;
    }
    const Outcome scored = (*sink)->run({WorkKind::score, {first}, first, images, payload, {}}).value();
    for (const ImageOutput& output : scored.outputs) {
      ++row.count;
      row.correct += output.predicted == right[output.image] ? 1 : 0;
    }
  }
  return row;
}

TEST_F(AnEvaluation, SaysWhatAPipelineOfStagesSays) {
  request_.cuts = {{3}, {5}, {8}, {2, 4, 9}};
  request_.quantizations = {{"naive", ScaleScope::image, 2},
                            {"aciq", ScaleScope::token, 3},
                            {"ds-aciq", ScaleScope::tensor, 2},
                            {"fp16", ScaleScope::none, 16},
                            {"fp4-clip", ScaleScope::image, 4}};
  const auto all = rows();
  ASSERT_EQ(all.size(), 1 + 4 * 5U);
  EXPECT_EQ(all[0].correct, 9U) << "every fourth label is the second class";
  EXPECT_EQ(all[0].correct_in_top, 13U);
  std::uint64_t least = kImages, most = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    SCOPED_TRACE(csv_line(all[i]));
    const EvaluationRow expected = pipeline_row(all[i].quantization, all[i].cuts);
    EXPECT_EQ(all[i].correct, expected.correct);
    EXPECT_EQ(all[i].count, expected.count);
    EXPECT_EQ(all[i].bytes, expected.bytes);
    EXPECT_EQ(all[i].values, expected.values);
    EXPECT_GE(all[i].correct_in_top, all[i].correct);
    least = std::min(least, all[i].correct);
    most = std::max(most, all[i].correct);
  }
  EXPECT_LT(least, most) << "quantizing makes a difference, or the test would prove nothing";
}

// A folder with klt's side files for these cuts, learnt from images that the evaluation does not use.
class Calibrations {
 public:
  explicit Calibrations(const std::vector<int>& cuts) {
    std::filesystem::create_directories(folder_);
    const auto made = calibrate(
        {.model = small_vit(), .seed = 7, .first_image = 100, .images = 12, .cuts = cuts, .threads = 2},
        [](std::uint64_t) { return true; });
    MR_CHECK(made.ok(), made.ok() ? "" : made.error().message);
    for (const auto& calibration : *made) MR_CHECK(write_calibration(folder_.string(), calibration).ok());
  }
  ~Calibrations() { std::filesystem::remove_all(folder_); }
  Calibrations(const Calibrations&) = delete;
  Calibrations& operator=(const Calibrations&) = delete;
  std::string folder() const { return folder_.string(); }

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("millrace-evaluation-" + std::to_string(::getpid()));
};

TEST_F(AnEvaluation, WithCalibrationsSaysWhatAPipelineOfStagesWithThemSays) {
  const Calibrations learnt({3, 5, 8});
  request_.calibrations = learnt.folder();
  request_.cuts = {{3}, {5}, {8}, {3, 5, 8}, {4}, {4, 8}};  // cut 4 has no calibration
  for (const double bits : {0.6, 2.1}) request_.quantizations.push_back({"klt", ScaleScope::none, bits});
  const auto all = rows();
  ASSERT_EQ(all.size(), 1 + 6 * 2U);
  std::uint64_t with = 0, without = 0;
  int differ = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    SCOPED_TRACE(csv_line(all[i]));
    const EvaluationRow expected = pipeline_row(all[i].quantization, all[i].cuts, learnt.folder());
    EXPECT_EQ(all[i].correct, expected.correct);
    EXPECT_EQ(all[i].bytes, expected.bytes);
    EXPECT_EQ(all[i].values, expected.values);
    if (all[i].cuts == std::vector{4}) continue;
    const EvaluationRow plain = pipeline_row(all[i].quantization, all[i].cuts);
    with += all[i].correct;
    without += plain.correct;
    differ += all[i].bytes != plain.bytes || all[i].correct != plain.correct ? 1 : 0;
  }
  EXPECT_GE(differ, 8) << "of 10: the calibrations make a difference, or the test would prove little";
  EXPECT_GT(with, without);
}

TEST_F(AnEvaluation, RefusesTheCalibrationOfAnotherModel) {
  const Calibrations learnt({8});
  request_.calibrations = learnt.folder();
  request_.model.classes = 12;
  request_.cuts = {{8}};
  request_.quantizations = {{"klt", ScaleScope::none, 2}};
  EXPECT_THAT(error(), HasSubstr("cut-008.klt"));
}

TEST_F(AnEvaluation, GivesFp32FirstThenCutByCutInTheOrderOfTheGrid) {
  request_.cuts = {{8}, {4}};
  request_.quantizations = {{"naive", ScaleScope::image, 8}, {"fp16", ScaleScope::none, 16}};
  std::vector<std::string> order;
  for (const EvaluationRow& row : rows()) order.push_back(row.quantization.codec + " " + cuts_text(row.cuts));
  EXPECT_THAT(order, ElementsAre("none none", "naive 4", "fp16 4", "naive 8", "fp16 8"));
}

TEST_F(AnEvaluation, DoesNotDependOnThreadsMemoryOrOtherRows) {
  request_.cuts = {{4}, {4, 8}, {7}};
  request_.quantizations = {{"aciq", ScaleScope::tensor, 2}, {"naive", ScaleScope::image, 3}};
  const auto all = lines();
  request_.threads = 3;
  EXPECT_EQ(lines(), all);
  request_.threads = 1;
  request_.kept_at_most = Bytes(1);  // a round at a time
  EXPECT_EQ(lines(), all);
  request_.threads = 2;
  EXPECT_EQ(lines(), all);
  request_.kept_at_most = Bytes(1 << 30);
  request_.cuts = {{7}};
  request_.quantizations.pop_back();
  EXPECT_THAT(lines(), ElementsAre(all[0], all[5]));
}

TEST_F(AnEvaluation, ProgressGrowsToAllThereIsToDo) {
  request_.cuts = {{4}, {7, 8}};
  request_.quantizations = {{"naive", ScaleScope::image, 3}};
  for (const std::int64_t kept : {1, 1 << 30}) {
    progress_.clear();
    request_.kept_at_most = Bytes(kept);
    (void)rows();
    ASSERT_FALSE(progress_.empty());
    double before = -1;
    for (const auto& [done, whole] : progress_) {
      EXPECT_GE(done, before);
      EXPECT_LE(done, whole);
      before = done;
    }
    EXPECT_DOUBLE_EQ(progress_.back().done, progress_.back().all);
  }
}

TEST_F(AnEvaluation, ThatIsEndedKeepsTheRowsThatWereComplete) {
  request_.cuts = {{4}, {8}};
  request_.quantizations = {{"naive", ScaleScope::image, 3}};
  std::vector<EvaluationRow> complete;
  EvaluationEvents events;
  events.row = [&](const EvaluationRow& row) { complete.push_back(row); };
  events.progress = [&](const EvaluationProgress&) { return complete.size() < 2; };
  const auto ended = evaluate(request_, dataset_, *random_weights(7), events);
  ASSERT_TRUE(ended.ok());
  EXPECT_FALSE(*ended);
  ASSERT_EQ(complete.size(), 2U);
  for (const EvaluationRow& row : complete) EXPECT_EQ(row.count, kImages);
}

TEST_F(AnEvaluation, WithoutQuantizationsIsFp32Alone) {
  request_.cuts.clear();
  EXPECT_THAT(lines(), ElementsAre("none,none,32,none,9,13,32,13"));
}

TEST_F(AnEvaluation, SaysWhatIsWrongWithARequest) {
  request_.cuts = {{0}};
  EXPECT_THAT(error(), HasSubstr("cut 0 is out of range: small has cuts 1 to 11"));
  request_.cuts = {{12}};
  EXPECT_THAT(error(), HasSubstr("cut 12 is out of range"));
  request_.cuts = {{8, 4}};
  EXPECT_THAT(error(), HasSubstr("cut 4 comes after cut 8"));
  request_.cuts = {{4}};
  request_.quantizations = {{"zip", ScaleScope::image, 4}};
  EXPECT_THAT(error(), HasSubstr("\"zip\" is not known, known are fp32, "));
  request_.images = kImages + 1;
  EXPECT_THAT(error(), HasSubstr("image 13 of the dataset has no label"));
  request_.images = kImages + 2;
  EXPECT_THAT(error(), HasSubstr("15 images are asked for, the dataset holds 14"));
  request_.images = 0;
  EXPECT_THAT(error(), HasSubstr("no images"));
}

TEST(BlockCuts, AreAllBlockOutputsButTheLast) { EXPECT_THAT(block_cuts(small_vit()), ElementsAre(4, 8)); }

}  // namespace
}  // namespace millrace
