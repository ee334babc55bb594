#include "runtime/planner/pipeedge_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "runtime/planner/planner.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Four sub-layers, two types of boards; small numbers that can be checked by hand.
PipeEdgeFiles toy() {
  return {.models = R"(m:
  layers: 4
  mem_MB: [1, 2, 3, 4.5]
  parameters_in: 100
  parameters_out: [10, 20, 30, 40]
empty: {layers: 0, mem_MB: [], parameters_in: 0, parameters_out: 0}
)",
          .device_types = R"(small:
  bw_Mbps: 100
  mem_MB: 512
  model_profiles:
    m:
    - {batch_size: 8, dtype: torch.float32, time_s: [1, 2, 3, 4]}
    - {batch_size: 4, dtype: torch.float32, time_s: [1, 1, 1, 1e-05]}
large:
  bw_Mbps: 1000
  mem_MB: 1024
  model_profiles: {m: [{batch_size: 8, dtype: torch.float32, time_s: [0.5, 1, 1.5, 2]}]}
)",
          .devices = "small: [s0, s1]\nlarge:\n- l0\n"};
}

std::string changed(std::string text, const std::string& passage, const std::string& replacement) {
  return text.replace(text.find(passage), passage.size(), replacement);
}

std::string error_of(const PipeEdgeFiles& texts, const std::string& model = "m", int microbatch = 8) {
  const auto read = parse_pipeedge_problem(texts, model, microbatch);
  return read ? "no error" : read.error().message;
}

TEST(PipeEdgeFiles, BecomeTheProblemThatItsSchedulerSees) {
  const auto problem = parse_pipeedge_problem(toy(), "m", 8);
  ASSERT_TRUE(problem.ok()) << problem.error().message;
  EXPECT_EQ(problem->model, "m");
  EXPECT_EQ(problem->layers, 4);
  EXPECT_EQ(problem->images, 8);
  ASSERT_EQ(problem->devices.size(), 3U);
  EXPECT_EQ(problem->devices[0].name, "s0");
  EXPECT_THAT(problem->devices[0].compute_s, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(problem->devices[2].compute_s, ElementsAre(0.5, 1, 1.5, 2));
  EXPECT_EQ(problem->devices[0].memory_bytes, 512.0 * 1024 * 1024);
  EXPECT_EQ(problem->hops[0][1].bit_per_s, 100.0 * 1024 * 1024);
  EXPECT_EQ(problem->hops[2][0].bit_per_s, 100.0 * 1024 * 1024) << "the slower end decides";
  EXPECT_EQ(problem->hops[2][2].bit_per_s, 1000.0 * 1024 * 1024);
  EXPECT_THAT(problem->codings[0].wire_bytes, ElementsAre(3200, 320, 640, 960, 1280));
  EXPECT_FALSE(problem->source || problem->sink || problem->window > 0);
}

// Published rule: weights, two buffers on each side (none inbound for the first stage), one input and one
// output activation.
TEST(PipeEdgeFiles, MemoryIsPipeEdges) {
  const auto problem = parse_pipeedge_problem(toy(), "m", 8).value();
  constexpr double kMib = 1024 * 1024;
  EXPECT_EQ(stage_memory_bytes(problem, 0, 2), 3 * kMib + 2 * 640 + 3200 + 640);
  EXPECT_EQ(stage_memory_bytes(problem, 2, 4), 7.5 * kMib + 2 * 640 + 2 * 1280 + 640 + 1280);
}

TEST(PipeEdgeFiles, TheMegaIsTheCallersChoice) {
  const auto problem = parse_pipeedge_problem(toy(), "m", 8, PipeEdgeMega::decimal).value();
  EXPECT_EQ(problem.hops[0][1].bit_per_s, 100e6);
  EXPECT_EQ(problem.devices[2].memory_bytes, 1024e6);
  EXPECT_EQ(problem.weight_bytes[3], 4.5e6);
  EXPECT_THAT(problem.codings[0].wire_bytes, ElementsAre(3200, 320, 640, 960, 1280)) << "bytes are bytes";
}

TEST(PipeEdgeFiles, HostsWithoutAProfileOfTheMicrobatchRunNothing) {
  const auto problem = parse_pipeedge_problem(toy(), "m", 4).value();
  EXPECT_TRUE(problem.devices[0].stage);
  EXPECT_EQ(problem.devices[0].compute_s[3], 1e-5);
  EXPECT_FALSE(problem.devices[2].stage);
  EXPECT_THAT(error_of(toy(), "m", 16),
              HasSubstr("no host has a profile of m for batch_size 16 and torch.float32; there is: 4 "
                        "torch.float32, 8 torch.float32"));
}

TEST(PipeEdgeFiles, OurNamesStandForTheirs) {
  auto texts = toy();
  texts.models = changed(texts.models, "m:", "google/vit-base-patch16-224:");
  for (int i = 0; i < 2; ++i)
    texts.device_types =
        changed(texts.device_types, i == 0 ? "    m:" : "{m:",
                i == 0 ? "    google/vit-base-patch16-224:" : "{google/vit-base-patch16-224:");
  EXPECT_EQ(parse_pipeedge_problem(texts, "vit-base", 8).value().model, "google/vit-base-patch16-224");
  EXPECT_THAT(error_of(texts, "vit-large"),
              HasSubstr("there is no model \"vit-large\"; there are google/vit-base-patch16-224, empty"));
}

TEST(PipeEdgeFiles, FaultsNameFileLineAndColumn) {
  const auto models = [](const std::string& passage, const std::string& replacement) {
    auto texts = toy();
    texts.models = changed(texts.models, passage, replacement);
    return error_of(texts);
  };
  EXPECT_THAT(models("layers: 4", "layers: 5"), HasSubstr("models.yml:3:11: mem_MB has 4 numbers"));
  EXPECT_THAT(models("layers: 4", "layers: 4096000"), HasSubstr("whole number up to 4096"));
  EXPECT_THAT(models("4.5", "-4.5"), HasSubstr("models.yml:3:21: mem_MB must be >= 0 and finite"));
  EXPECT_THAT(models("4.5", ".inf"), HasSubstr("mem_MB must be a number, got \".inf\""));
  EXPECT_THAT(models("4.5", "nan"), HasSubstr("mem_MB must be >= 0 and finite"));
  EXPECT_THAT(models("parameters_in: 100", "colour: red"), HasSubstr("model m has no key \"colour\""));
  EXPECT_THAT(models("  parameters_in: 100\n", ""), HasSubstr("model m lacks the key \"parameters_in\""));
  EXPECT_THAT(models("layers: 4", "layers: 4\n  layers: 4"), HasSubstr("models.yml:3:3: "));
  const auto devices = [](const std::string& text) {
    auto texts = toy();
    texts.devices = text;
    return error_of(texts);
  };
  EXPECT_THAT(devices("small: [a, a]"), HasSubstr("devices.yml:1:12: host \"a\" appears twice"));
  EXPECT_THAT(devices("huge: [a]"), HasSubstr("device_types.yml has no type \"huge\""));
  EXPECT_THAT(devices("small: []"), HasSubstr("there are no hosts"));
  EXPECT_THAT(devices("small: a"), HasSubstr("must be a list"));
  EXPECT_THAT(devices("- small"), HasSubstr("must be a map"));
  EXPECT_THAT(devices(""), HasSubstr("devices.yml"));
  EXPECT_THAT(read_pipeedge_problem({"/nonexistent/models.yml", "", ""}, "m", 8).error().message,
              HasSubstr("/nonexistent/models.yml"));
}

TEST(PipeEdgeSchedule, IsWhatItsRuntimeReadsAndComesBack) {
  const auto problem = parse_pipeedge_problem(toy(), "m", 8).value();
  const std::vector<PlannedStage> stages{{.device = 2, .layers = {1, 3}}, {.device = 0, .layers = {4, 4}}};
  const std::string text = pipeedge_schedule(problem, stages);
  EXPECT_EQ(text, "- \"l0\": [1, 3]\n- \"s0\": [4, 4]\n");
  const auto back = parse_pipeedge_schedule(text, "schedule.yml", problem);
  ASSERT_TRUE(back.ok()) << back.error().message;
  ASSERT_EQ(back->size(), 2U);
  EXPECT_EQ(back->at(0).device, 2U);
  EXPECT_EQ(back->at(0).layers, (LayerRange{1, 3}));
  EXPECT_EQ(back->at(1).layers, (LayerRange{4, 4}));
}

TEST(PipeEdgeSchedule, FaultsAreRefused) {
  const auto problem = parse_pipeedge_problem(toy(), "m", 8).value();
  const auto error = [&](const std::string& text) {
    const auto read = parse_pipeedge_schedule(text, "s.yml", problem);
    return read ? "no error" : read.error().message;
  };
  EXPECT_THAT(error("- l0: [1, 3]\n"), HasSubstr("layers 4 to 4 are on no host"));
  EXPECT_THAT(error("- l0: [1, 2]\n- s0: [2, 4]\n"), HasSubstr("s.yml:2:7: the stage must begin at layer 3"));
  EXPECT_THAT(error("- l0: [1, 5]\n"), HasSubstr("end by 4"));
  EXPECT_THAT(error("- l0: [1, 2]\n- l0: [3, 4]\n"), HasSubstr("appears twice"));
  EXPECT_THAT(error("- x: [1, 4]\n"), HasSubstr("there is no host \"x\""));
  EXPECT_THAT(error("- l0: [1, 4, 5]\n"), HasSubstr("[first, last]"));
  EXPECT_THAT(error("l0: [1, 4]\n"), HasSubstr("must be a list"));
}

class PublicExample : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder_ + "models.yml"))
      GTEST_SKIP() << "needs ../shared (PipeEdge's public example): there is no " << folder_;
  }
  Result<PlanningProblem> problem(PipeEdgeMega mega) const {
    return read_pipeedge_problem(
        {folder_ + "models.yml", folder_ + "device_types.yml", folder_ + "devices.yml"}, "vit-base", 8, mega);
  }
  std::string folder_ = std::string(MILLRACE_SOURCE_DIR) + "/../shared/reference/pipeedge-example/";
};

// An independent exact search finds 1.549 s; PipeEdge's own tool answers six sub-layers each, 1.726 s.
TEST_F(PublicExample, OptimumBottleneckIsTheExactOneInEitherUnit) {
  for (const auto mega : {PipeEdgeMega::binary, PipeEdgeMega::decimal}) {
    const auto read = problem(mega);
    ASSERT_TRUE(read.ok()) << read.error().message;
    ASSERT_EQ(read->devices.size(), 8U);
    const auto planned = plan_pipeline(*read, {.algorithm = "optimal"});
    ASSERT_TRUE(planned.ok()) << planned.error().message;
    EXPECT_NEAR(planned->prediction.bottleneck_s, 1.54876, 0.000005);
    EXPECT_TRUE(planned->exact);
    const auto again = parse_pipeedge_schedule(pipeedge_schedule(*read, planned->stages), "s.yml", *read);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(predict(*read, *again).prediction.bottleneck_s, planned->prediction.bottleneck_s);
  }
}

TEST_F(PublicExample, SixSubLayersEachArePredictedAsPipeEdgeSays) {
  const auto read = problem(PipeEdgeMega::binary);
  ASSERT_TRUE(read.ok());
  std::vector<PlannedStage> stages;
  for (int i = 0; i < 8; ++i)
    stages.push_back({.device = static_cast<std::size_t>(i), .layers = {6 * i + 1, 6 * i + 6}});
  EXPECT_NEAR(predict(*read, stages).prediction.bottleneck_s, 1.7262, 0.00005);
}

}  // namespace
}  // namespace millrace
