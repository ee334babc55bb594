#include "runtime/stage/tensor_executor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "runtime/base/sha256.hpp"
#include "runtime/codec/encoding.hpp"
#include "tests/stage/small_vit.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

constexpr Budget kFull{32};

std::unique_ptr<Executor> stage_executor(LayerRange layers, const std::string& codec = "fp32") {
  auto executor =
      make_stage_executor({.model = small_vit(), .layers = layers, .seed = 7, .codec = {.name = codec}});
  MR_CHECK(executor.ok(), executor.ok() ? "" : executor.error().message);
  return std::move(*executor);
}
std::unique_ptr<Executor> source() { return *make_source_executor({.model = small_vit(), .seed = 3}); }
std::unique_ptr<Executor> sink() { return *make_sink_executor({.model = small_vit(), .seed = 3}); }

Outcome run(Executor& executor, const Work& work) {
  auto outcome = executor.run(work);
  MR_CHECK(outcome.ok(), outcome.ok() ? "" : outcome.error().message);
  return std::move(*outcome);
}
std::string error(Executor& executor, const Work& work) {
  const auto outcome = executor.run(work);
  return outcome.ok() ? "no error" : outcome.error().message;
}

Work load(std::uint64_t id, std::uint64_t first, std::uint32_t images) {
  return {WorkKind::load, {id}, first, images, {}, kFull};
}
Work forward_work(std::uint64_t id, std::uint32_t images, Payload input) {
  return {WorkKind::forward, {id}, 0, images, std::move(input), kFull};
}
Work encode(std::uint64_t id, Budget budget = kFull) { return {WorkKind::encode, {id}, 0, 0, {}, budget}; }
Work score(std::uint64_t id, std::uint64_t first, std::uint32_t images, Payload input) {
  return {WorkKind::score, {id}, first, images, std::move(input), kFull};
}

// The sink's outputs for images 5.. after stages that end at these cuts.
std::vector<ImageOutput> pipeline(const std::vector<int>& cuts, std::uint32_t images,
                                  const std::string& codec = "fp32", Budget budget = kFull) {
  Payload payload = run(*source(), load(0, 5, images)).output;
  int first = 1;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const int last = i < cuts.size() ? cuts[i] : small_vit().sub_layers();
    const auto stage = stage_executor({first, last}, codec);
    (void)run(*stage, forward_work(0, images, payload));
    payload = run(*stage, encode(0, budget)).output;
    first = last + 1;
  }
  return run(*sink(), score(0, 5, images, payload)).outputs;
}

std::vector<std::string> hashes(const std::vector<ImageOutput>& outputs) {
  std::vector<std::string> all;
  for (const ImageOutput& output : outputs) all.push_back(output.logits_sha256);
  return all;
}

TEST(TensorExecutor, EncodesInTheScopeThatWasChosen) {
  const Payload pixels = run(*source(), load(0, 0, 2)).output;
  for (const auto scope : {ScaleScope::image, ScaleScope::token, ScaleScope::tensor}) {
    const auto stage = make_stage_executor(
        {.model = small_vit(), .layers = {1, 4}, .codec = {.name = "ds-aciq", .scope = scope}});
    (void)run(**stage, forward_work(0, 2, pixels));
    const Payload activation = run(**stage, encode(0, Budget{4})).output;
    EXPECT_EQ(read_header(*activation.bytes)->scope, scope);
  }
}

TEST(TensorExecutor, PipelineGivesTheLogitsOfTheWholeModel) {
  const ModelConfig model = small_vit();
  const auto logits = forward(stage_of(model, {1, 12}), synthetic_images(model, 3, 5))[0].values;
  const auto outputs = pipeline({1, 7, 10}, 3);
  ASSERT_EQ(outputs.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto own = std::span(logits).subspan(i * 11, 11);
    EXPECT_EQ(outputs[i].image, 5 + i);
    EXPECT_EQ(outputs[i].logits_sha256, sha256_hex(std::as_bytes(own)));
    EXPECT_EQ(outputs[i].predicted, std::max_element(own.begin(), own.end()) - own.begin());
    EXPECT_EQ(outputs[i].label, std::nullopt);
    EXPECT_EQ(outputs[i].label_rank, std::nullopt);
  }
  EXPECT_EQ(hashes(pipeline({}, 3)), hashes(outputs));
}

TEST(TensorExecutor, CodecAndBudgetReachTheTensors) {
  const auto exact = hashes(pipeline({4}, 2));
  EXPECT_EQ(hashes(pipeline({4}, 2, "fp32")), exact);
  EXPECT_NE(hashes(pipeline({4}, 2, "uniform", {8})), exact);
  EXPECT_NE(hashes(pipeline({4}, 2, "uniform", {8})), hashes(pipeline({4}, 2, "uniform", {4})));
}

TEST(TensorExecutor, SourceEncodesPixelsInOneByteEach) {
  const Outcome outcome = run(*source(), load(0, 0, 2));
  EXPECT_EQ(outcome.values, 2U * 3 * 32 * 32);
  EXPECT_EQ(outcome.bit_width, 8);
  EXPECT_EQ(outcome.output.size,
            (*make_codec("u8"))->predicted_size({2, 3 * 32, 32}, TensorRole::image, Budget{8}));
  EXPECT_GT(outcome.measured.compute, Duration());
  EXPECT_GT(outcome.measured.encode, Duration());
}

TEST(TensorExecutor, StageTellsValuesWidthAndCosts) {
  const auto stage = stage_executor({1, 3}, "uniform");
  const Outcome computed = run(*stage, forward_work(0, 2, run(*source(), load(0, 0, 2)).output));
  EXPECT_GT(computed.measured.decode, Duration());
  EXPECT_GT(computed.measured.compute, Duration());
  EXPECT_EQ(computed.measured.encode, Duration());
  const Outcome encoded = run(*stage, encode(0, {4}));
  EXPECT_EQ(encoded.values, static_cast<std::uint64_t>(2 * values_at_cut(small_vit(), 3)));
  EXPECT_EQ(encoded.bit_width, 4);
  EXPECT_GT(encoded.measured.encode, Duration());
  EXPECT_EQ(encoded.measured.compute, Duration());
}

TEST(TensorExecutor, LogitsAreAlwaysExact) {
  const auto stage = stage_executor({1, 12}, "uniform");
  (void)run(*stage, forward_work(0, 2, run(*source(), load(0, 5, 2)).output));
  const Outcome encoded = run(*stage, encode(0, {2}));
  EXPECT_EQ(encoded.bit_width, 32);
  EXPECT_EQ(hashes(run(*sink(), score(0, 5, 2, encoded.output)).outputs), hashes(pipeline({}, 2)));
}

TEST(TensorExecutor, MicrobatchesAreKeptApart) {
  const auto stage = stage_executor({1, 12}), source_executor = source();
  for (const std::uint64_t id : {0, 1, 2})
    (void)run(*stage, forward_work(id, 1, run(*source_executor, load(id, 5 + id, 1)).output));
  const auto expected = hashes(pipeline({}, 3));
  for (const std::uint64_t id : {2, 0, 1})
    EXPECT_EQ(run(*sink(), score(id, 5 + id, 1, run(*stage, encode(id)).output)).outputs[0].logits_sha256,
              expected[id]);
}

TEST(TensorExecutor, FirstOfEqualLogitsWinsAndWhatIsNotFiniteHasNoClass) {
  const auto predicted = [](std::vector<float> logits) {
    logits.resize(11, -100);
    Buffer bytes;
    (*make_codec("fp32"))->encode({logits, {1, 1, 11}, TensorRole::logits}, kFull, bytes);
    return run(*sink(), score(0, 0, 1, Payload::of(std::move(bytes)))).outputs[0].predicted;
  };
  EXPECT_EQ(predicted({1, 3, 3, 2}), 1U);
  for (const float strange : {NAN, INFINITY, -INFINITY})
    EXPECT_EQ(predicted({strange, -3, 5, 2}), std::nullopt) << strange;
}

TEST(TensorExecutor, HostilePayloadsAreErrors) {
  const auto stage = stage_executor({1, 4}), late = stage_executor({4, 8});
  const Payload good = run(*source(), load(0, 0, 2)).output;
  EXPECT_THAT(error(*stage, forward_work(7, 3, good)), HasSubstr("microbatch 7: "));
  EXPECT_THAT(error(*stage, forward_work(0, 2, {good.size, nullptr})), HasSubstr("no bytes"));
  EXPECT_THAT(error(*stage, forward_work(0, 0, good)), HasSubstr("1 to 4096 images, got 0"));
  EXPECT_THAT(error(*stage, forward_work(0, 1U << 31, good)), HasSubstr("images"));
  EXPECT_THAT(error(*stage, forward_work(0, 4096, good)), HasSubstr("too few"));
  Buffer longer = *good.bytes;
  longer.push_back({});
  EXPECT_THAT(error(*stage, forward_work(0, 2, Payload::of(longer))),
              HasSubstr("1 bytes behind the last tensor"));
  for (std::size_t length = 0; length < good.bytes->size(); length += 611)
    EXPECT_NE(
        error(*stage,
              forward_work(
                  0, 2, Payload::of({good.bytes->begin(), good.bytes->begin() + static_cast<int>(length)}))),
        "no error");
  EXPECT_NE(error(*late, forward_work(0, 2, good)), "no error");
  EXPECT_NE(error(*sink(), score(0, 0, 2, good)), "no error");
  EXPECT_EQ(error(*stage, forward_work(0, 2, good)), "no error");
}

TEST(TensorExecutor, WorkOutOfOrderIsAnError) {
  const auto stage = stage_executor({1, 4});
  const Payload images = run(*source(), load(0, 0, 1)).output;
  EXPECT_THAT(error(*stage, encode(0)), HasSubstr("was not computed"));
  for (std::uint64_t id = 0; id < kMaxKeptMicrobatches; ++id) (void)run(*stage, forward_work(id, 1, images));
  EXPECT_THAT(error(*stage, forward_work(0, 1, images)), HasSubstr("computed again"));
  EXPECT_THAT(error(*stage, forward_work(99, 1, images)), HasSubstr("more than 64 microbatches"));
  (void)run(*stage, encode(0));
  EXPECT_THAT(error(*stage, encode(0)), HasSubstr("was not computed"));
  EXPECT_EQ(error(*stage, forward_work(99, 1, images)), "no error");
  EXPECT_THAT(error(*stage, load(0, 0, 1)), HasSubstr("a stage only computes"));
  EXPECT_THAT(error(*source(), encode(0)), HasSubstr("a source only loads"));
  EXPECT_THAT(error(*sink(), encode(0)), HasSubstr("a sink only scores"));
}

TEST(TensorExecutor, ADatasetWithFewerImagesThanAskedForIsRefusedAtOnce) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "two_images";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "labels.csv") << "file,label\na.jpg,0\nb.jpg,1\n";
  DatasetChoice choice{.model = small_vit(), .dataset = "image-folder:" + (folder / "labels.csv").string()};
  choice.images = 2;
  EXPECT_TRUE(make_source_executor(choice).ok());
  choice.images = 3;
  const auto refused = make_source_executor(choice);
  EXPECT_THAT(refused.error().message, HasSubstr("holds 2 images, and workload.images asks for 3"));
  EXPECT_EQ(refused.error().code, ExitCode::invalid_input);
}

TEST(TensorExecutor, WrongChoicesAreErrors) {
  StageChoice choice{.model = small_vit(), .layers = {1, 4}};
  choice.codec.name = "morse";
  EXPECT_THAT(make_stage_executor(choice).error().message, HasSubstr("morse"));
  choice.codec.name = "fp32";
  choice.weights = "/nonexistent/w.safetensors";
  EXPECT_THAT(make_stage_executor(choice).error().message, HasSubstr("/nonexistent/w.safetensors"));
  choice.weights = "random";
  choice.layers = {4, 13};
  EXPECT_FALSE(make_stage_executor(choice).ok());
  EXPECT_FALSE(make_source_executor({.model = small_vit(), .dataset = "mnist"}).ok());
  EXPECT_FALSE(make_sink_executor({.model = small_vit(), .dataset = "mnist"}).ok());
}

}  // namespace
}  // namespace millrace
