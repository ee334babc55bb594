#include "runtime/stage/calibrate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "runtime/codec/encoding.hpp"
#include "runtime/stage/tensor_executor.hpp"
#include "tests/stage/small_vit.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

class Calibrate : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static CalibrateRequest request(std::vector<int> cuts) {
    return {.model = small_vit(), .seed = 7, .images = 6, .cuts = std::move(cuts), .threads = 2};
  }
  void write(const std::vector<int>& cuts) {
    const auto made = calibrate(request(cuts), [](std::uint64_t) { return true; });
    ASSERT_TRUE(made.ok()) << made.error().message;
    for (const auto& calibration : *made) ASSERT_TRUE(write_calibration(folder_.string(), calibration).ok());
  }
  // The images' pixels through stages 1..cut and cut + 1..last; the tensors at the cut are kept in crossed_.
  std::string run(int cut, const std::string& front_folder, const std::string& back_folder) {
    const ModelConfig model = small_vit();
    auto source = make_source_executor({.model = model, .images = 12});
    auto first = make_stage_executor({.model = model,
                                      .layers = {1, cut},
                                      .seed = 7,
                                      .codec = {.name = "klt"},
                                      .calibrations = front_folder});
    auto second = make_stage_executor({.model = model,
                                       .layers = {cut + 1, model.sub_layers()},
                                       .seed = 7,
                                       .codec = {.name = "klt"},
                                       .calibrations = back_folder});
    if (!first) return first.error().message;
    if (!second) return second.error().message;
    Work work{
        .kind = WorkKind::load, .microbatch = {1}, .first_image = 8, .images = 3, .input = {}, .budget = {}};
    work.input = (*source)->run(work)->output;
    work.kind = WorkKind::forward;
    if (const auto done = (*first)->run(work); !done) return done.error().message;
    work.kind = WorkKind::encode;
    work.budget = {4.5};
    crossed_ = (*first)->run(work)->output;
    work.kind = WorkKind::forward;
    work.input = crossed_;
    const auto done = (*second)->run(work);
    return done.ok() ? "ran" : done.error().message;
  }

  Payload crossed_;
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("millrace-calibrate-" + std::to_string(::getpid()));
};

TEST_F(Calibrate, StagesEncodeAndDecodeWithTheCalibrationOfTheirCut) {
  write({5, 7, 8});
  for (const int cut : {5, 7, 8}) {
    EXPECT_EQ(run(cut, folder_.string(), folder_.string()), "ran") << cut;
    std::uint64_t id = 0;
    std::memcpy(&id, crossed_.bytes->data() + kHeaderBytes, sizeof id);
    EXPECT_EQ(id, find_calibration(folder_.string(), small_vit(), cut).value()->id);
  }
}

TEST_F(Calibrate, AnEndWithoutTheCalibrationRefusesAndSaysWhy) {
  write({8});
  EXPECT_THAT(run(8, folder_.string(), ""), HasSubstr("there is none here"));
  EXPECT_EQ(run(8, "", folder_.string()), "ran");                // encoded without calibration
  EXPECT_EQ(run(4, folder_.string(), folder_.string()), "ran");  // no file for this cut: runs without
}

TEST_F(Calibrate, IsTheSameHoweverManyThreadsCompute) {
  auto one = request({4}), four = request({4});
  one.threads = 1, four.threads = 4;
  const auto nothing = [](std::uint64_t) { return true; };
  EXPECT_EQ(calibrate(one, nothing)->front().sha256, calibrate(four, nothing)->front().sha256);
}

TEST_F(Calibrate, WhatCannotBeCalibratedIsSaid) {
  const auto refusal = [](const CalibrateRequest& asked) {
    return calibrate(asked, [](std::uint64_t) { return true; }).error().message;
  };
  EXPECT_THAT(refusal(request({})), HasSubstr("no cuts"));
  EXPECT_THAT(refusal(request({0})), HasSubstr("cut 0 is not within 1 to 11"));
  EXPECT_THAT(refusal(request({12})), HasSubstr("cut 12"));
  auto none = request({4});
  none.images = 0;
  EXPECT_THAT(refusal(none), HasSubstr("got 0"));
}

TEST_F(Calibrate, EndsWhereItIsToldTo) {
  const auto ended = calibrate(request({4}), [](std::uint64_t images) { return images < 2; });
  ASSERT_FALSE(ended.ok());
  EXPECT_THAT(ended.error().message, HasSubstr("interrupted after 2 of"));
}

TEST_F(Calibrate, OtherWeightsThanThoseLearntWithAreSaid) {
  auto made = calibrate(request({4}), [](std::uint64_t) { return true; });
  made->front().weights_sha256 = std::string(64, 'a');
  ASSERT_TRUE(write_calibration(folder_.string(), made->front()).ok());
  testing::internal::CaptureStderr();
  EXPECT_EQ(run(4, folder_.string(), folder_.string()), "ran");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("cut-004.klt was learnt with other weights than random"));
}

}  // namespace
}  // namespace millrace
