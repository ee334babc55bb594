#include "runtime/stage/profiler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/codec/activation_codecs.hpp"
#include "tests/stage/small_vit.hpp"

namespace millrace {
namespace {

using testing::Each;
using testing::Ge;
using testing::Gt;
using testing::HasSubstr;
using testing::SizeIs;

ProfilingRequest quick() {
  ProfilingRequest request;
  request.model = small_vit();
  request.microbatches = {3, 1};
  request.repeats = 3;
  request.codecs = {"fp32", "uniform"};
  request.device = "here";
  request.source = "a test";
  return request;
}

TEST(Profiler, MeasuresEverySubLayerAtEverySizeAndEachCodec) {
  const auto file = measure_profile(quick());
  ASSERT_TRUE(file.ok()) << file.error().message;
  ASSERT_THAT(file->models, SizeIs(1));
  const auto& model = file->models.front();
  ASSERT_THAT(model.measured, SizeIs(2));
  EXPECT_EQ(model.measured[0].microbatch, 1);
  EXPECT_EQ(model.measured[1].microbatch, 3);
  for (const auto& size : model.measured) {
    EXPECT_THAT(size.seconds, SizeIs(12));
    EXPECT_THAT(size.seconds, Each(Gt(0)));
  }
  ASSERT_THAT(model.weight_bytes, SizeIs(12));
  double weights = 0;
  for (const double bytes : model.weight_bytes) weights += bytes;
  EXPECT_EQ(weights, static_cast<double>(weight_bytes(small_vit(), {1, 12}).count()));
  ASSERT_THAT(file->codecs, SizeIs(2));
  for (const auto& [name, cost] : file->codecs) {
    EXPECT_GT(cost.encode_ns_per_value, 0) << name;
    EXPECT_GT(cost.decode_ns_per_value, 0) << name;
    EXPECT_LE(cost.encode_ns_per_value, file->codec.encode_ns_per_value)
        << "the default is the cost of the slowest codec";
  }
}

TEST(Profiler, MeasuresEveryCodecThatALinkMayUseAndNoneOfInputs) {
  auto request = quick();
  request.microbatches = {1};
  request.repeats = 1;
  request.codecs = {};
  const auto file = measure_profile(request);
  ASSERT_TRUE(file.ok()) << file.error().message;
  std::vector<std::string> measured;
  for (const auto& [name, cost] : file->codecs) measured.push_back(name);
  EXPECT_THAT(measured, testing::UnorderedElementsAreArray(activation_codec_names()));
  EXPECT_THAT(measured, testing::Not(testing::Contains(testing::AnyOf("u8", "u24"))));
}

TEST(Profiler, WhatItMeasuresIsAProfile) {
  const auto file = measure_profile(quick());
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto back = parse_profile(profile_text(*file), "p.yaml");
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(profile_text(*back), profile_text(*file));
}

// Sub-layer 3 outputs 35 MB (8 x 257 tokens, 4096 + 128 values): the peak must include them, not the weights.
TEST(Profiler, WorkingMemoryHoldsTheOutputAndGrowsWithTheMicrobatch) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's own memory would be counted";
#endif
  auto request = quick();
  request.model = {.name = "wide",
                   .blocks = 1,
                   .width = 128,
                   .heads = 1,
                   .mlp_width = 4096,
                   .image_size = 256,
                   .patch = 16,
                   .channels = 3,
                   .classes = 10};
  request.microbatches = {1, 8};
  request.repeats = 1;
  const auto file = measure_profile(request);
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto& sizes = file->models.front().measured;
  if (sizes[0].working_bytes.empty()) GTEST_SKIP() << "this system does not report peaks of memory";
  constexpr double kMlpUp = 8 * 257.0 * (4096 + 128) * 4;  // the output of sub-layer 3
  constexpr double kCounting = 1 << 20;                    // the lag of the kernel's counters
  EXPECT_GE(sizes[1].working_bytes[2], kMlpUp - kCounting);
  EXPECT_LE(sizes[1].working_bytes[2], 4 * kMlpUp) << "nor is everything else counted";
  EXPECT_GT(sizes[1].working_bytes[2], 4 * sizes[0].working_bytes[2]);
}

TEST(Profiler, ProgressRisesAndCanEndIt) {
  auto request = quick();
  std::vector<double> shares;
  request.watch = [&](const ProfilingProgress& progress) {
    shares.push_back(progress.share);
    return !progress.what.starts_with("sub-layer 6 ");
  };
  const auto file = measure_profile(request);
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error().message, HasSubstr("interrupted at sub-layer 6 of 12"));
  EXPECT_TRUE(std::is_sorted(shares.begin(), shares.end()));
  EXPECT_THAT(shares, Each(Ge(0)));
}

TEST(Profiler, BoundsAreSentences) {
  const auto error = [](auto change) {
    auto request = quick();
    change(request);
    const auto file = measure_profile(request);
    return file ? std::string("no error") : file.error().message;
  };
  EXPECT_THAT(error([](auto& r) { r.microbatches = {}; }), HasSubstr("no microbatch size"));
  EXPECT_THAT(error([](auto& r) { r.microbatches = {0}; }), HasSubstr("1 to 4096 images, got 0"));
  EXPECT_THAT(error([](auto& r) { r.microbatches = {2, 2}; }), HasSubstr("2 appears twice"));
  EXPECT_THAT(error([](auto& r) { r.repeats = 0; }), HasSubstr("repeats must be 1 to 1000"));
  EXPECT_THAT(error([](auto& r) { r.threads = 2000; }), HasSubstr("threads must be 1 to 1024"));
  EXPECT_THAT(error([](auto& r) { r.codecs = {"none"}; }), HasSubstr("none"));
  EXPECT_THAT(error([](auto& r) { r.weights = "/nonexistent.safetensors"; }), HasSubstr("/nonexistent"));
}

}  // namespace
}  // namespace millrace
