#include "sim/run/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/run/json.hpp"
#include "tests/run/two_boards.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Json = nlohmann::ordered_json;

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> found;
  for (const auto& [key, value] : object.items()) found.push_back(key);
  return found;
}

class ARunDirectory : public InAFolder {
 protected:
  Result<void> create(Mode mode = Mode::cosim) {
    RunFacts facts;
    facts.release = "1.0";
    facts.scenario_text = "millrace: 1\n";
    facts.scenario_sha256 = "abc";
    facts.scenario_path = "two.yaml";
    facts.mode = mode;
    facts.network = "fluid";
    facts.command = {"millrace", "run", "two.yaml"};
    facts.overwrite = overwrite_;
    auto made = RunDirectory::create(folder_.string(), scenario_, plan_, facts);
    if (!made) return made.error();
    directory_ = std::move(*made);
    return {};
  }
  // One microbatch of two labelled images, from the source to the sink.
  void run_one() {
    StageRecord stage;
    stage.images = 2;
    stage.arrived = stage.started = Time::at_ns(1'000'000);
    stage.computed = Time::at_ns(4'000'000);
    stage.encoded = stage.sent = Time::at_ns(5'000'000);
    stage.cost = {Duration::ms(1), Duration::ms(2), Duration::ms(1)};
    stage.bit_width = 8;
    stage.values = 64;
    stage.payload = Bytes(80);
    directory_->on_record(stage.sent, {1}, stage);
    directory_->on_record(
        stage.computed, {1},
        DecisionRecord{
            .to = {2},
            .policy = "fixed",
            .bits_per_value = 8,
            .observed_mbit_per_s = 1.5,
            .outgoing =
                {.microbatch = {0}, .images = 2, .values = 64, .encode = {}, .waiting = 0, .sender = {}},
            .seen = {}});
    directory_->on_transfer({.id = {0},
                             .from = {1},
                             .to = {2},
                             .activation = true,
                             .microbatch = MicrobatchId{0},
                             .size = Bytes(149),
                             .values = 64,
                             .submitted = Time::at_ns(5'000'000),
                             .delivered = Time::at_ns(8'000'000),
                             .queued = Duration::ms(0),
                             .wire = Duration::ms(2),
                             .propagation = Duration::ms(1)});
    directory_->on_transfer({.id = {1},
                             .from = {2},
                             .to = {1},
                             .activation = false,
                             .microbatch = {},
                             .size = Bytes(33),
                             .values = 0,
                             .submitted = Time::at_ns(8'000'000),
                             .delivered = Time::at_ns(9'000'000),
                             .queued = {},
                             .wire = {},
                             .propagation = Duration::ms(1)});
    CompletionRecord completion;
    completion.images = 2;
    completion.created = Time::at_ns(0);
    completion.completed = Time::at_ns(10'000'000);
    completion.outputs = {{0, 7U, 7U, "aa", 0}, {1, {}, {}, ""}};
    directory_->on_record(completion.completed, {3}, completion);
  }
  void close(const std::optional<Error>& failure = {}) {
    ASSERT_TRUE(directory_->close(Time::at_ns(10'000'000), failure, nullptr).ok());
  }
  Json summary() const { return Json::parse(read("summary.json")); }

  bool overwrite_ = true;
  Scenario scenario_ = two_boards();
  Plan plan_ = two_stages();
  std::unique_ptr<RunDirectory> directory_;
};

TEST_F(ARunDirectory, WritesItsTablesWithTheseColumnsAndUnits) {
  ASSERT_TRUE(create().ok());
  run_one();
  close();
  EXPECT_EQ(read("microbatches.csv"),
            "microbatch,images,created_ns,completed_ns,latency_ms\n0,2,0,10000000,10.000000\n");
  EXPECT_EQ(read("stages.csv"),
            "stage,device,microbatch,images,arrived_ns,started_ns,computed_ns,encoded_ns,sent_ns,decode_ns,"
            "compute_ns,encode_ns,bit_width,values,bytes\n"
            "1,board-a,0,2,1000000,1000000,4000000,5000000,5000000,1000000,2000000,1000000,8,64,80\n");
  EXPECT_EQ(
      read("transfers.csv"),
      "transfer,from,to,kind,microbatch,bytes,submitted_ns,delivered_ns,queued_ns,wire_ns,propagation_ns\n"
      "0,board-a,board-b,activation,0,149,5000000,8000000,0,2000000,1000000\n"
      "1,board-b,board-a,feedback,,33,8000000,9000000,0,0,1000000\n");
  EXPECT_EQ(
      read("decisions.csv"),
      "time_ns,from,to,microbatch,policy,bits_per_value,observed_mbit_per_s,stage,images,values,encode_ns,"
      "waiting,in_flight,in_flight_bytes,oldest_sent_ns,ready,ready_bytes,seen\n"
      "4000000,board-a,board-b,0,fixed,8,1.500000,1,2,64,0,0,0,0,0,0,0,\n");
  EXPECT_EQ(read("outputs.csv"), "microbatch,image,predicted,logits_sha256,label_rank\n0,0,7,aa,0\n0,1,,,\n");
  EXPECT_EQ(read("plan.yaml"),
            "source: camera\nstages:\n  - {device: board-a, layers: [1, 24]}\n"
            "  - {device: board-b, layers: [25, 48]}\nsink: camera\n");
  EXPECT_EQ(read("scenario.resolved.yaml"), "millrace: 1\n");
}

TEST_F(ARunDirectory, SummaryHasTheFieldsThatScriptsRelyOn) {
  ASSERT_TRUE(create().ok());
  run_one();
  close();
  const auto root = summary();
  for (const char* key : {"throughput_images_per_s", "duration_s", "latency_ms", "microbatches", "accuracy",
                          "stages", "links"}) {
    EXPECT_TRUE(root.contains(key)) << key;
  }
  EXPECT_THAT(keys(root["latency_ms"]), ElementsAre("p50", "p95", "p99"));
  EXPECT_THAT(keys(root["accuracy"]), ElementsAre("top1_correct", "count", "top1", "top1_interval_95",
                                                  "top5_correct", "top5", "top5_interval_95", "not_finite"));
  const auto& stage = root["stages"][0];
  EXPECT_THAT(keys(stage), ElementsAre("device", "layers", "attribution_s"));
  EXPECT_THAT(keys(stage["attribution_s"]),
              testing::UnorderedElementsAre("compute", "encode", "decode", "queue", "blocked", "idle"));
  for (const char* key : {"from", "to", "bytes", "goodput_mbit_per_s", "bits_per_value_mean"})
    EXPECT_TRUE(root["links"][0].contains(key)) << key;
}

TEST_F(ARunDirectory, SummaryHasTheRunsFigures) {
  ASSERT_TRUE(create().ok());
  run_one();
  close();
  const auto root = summary();
  EXPECT_EQ(root["complete"], true);
  EXPECT_DOUBLE_EQ(root["throughput_images_per_s"], 200);
  EXPECT_DOUBLE_EQ(root["duration_s"], 0.01);
  EXPECT_DOUBLE_EQ(root["latency_ms"]["p50"], 10);
  EXPECT_EQ(root["microbatches"], 1);
  EXPECT_EQ(root["accuracy"]["top1_correct"], 1);
  EXPECT_EQ(root["accuracy"]["count"], 1);
  EXPECT_EQ(root["accuracy"]["top5_correct"], 1);
  EXPECT_NEAR(root["accuracy"]["top1_interval_95"][0], 0.2065, 1e-4) << "Wilson, 1 of 1";
  EXPECT_EQ(root["accuracy"]["top1_interval_95"][1], 1);
  EXPECT_EQ(root["stages"][0]["device"], "board-a");
  EXPECT_EQ(root["stages"][0]["layers"], Json({1, 24}));
  EXPECT_DOUBLE_EQ(root["stages"][0]["attribution_s"]["compute"], 0.002);
  EXPECT_DOUBLE_EQ(root["stages"][0]["attribution_s"]["idle"], 0.006);
  const auto& there = root["links"][0];
  EXPECT_EQ(there["from"], "board-a");
  EXPECT_EQ(there["bytes"], 149);
  EXPECT_DOUBLE_EQ(there["goodput_mbit_per_s"], 149 * 8e-6 / 0.01);
  EXPECT_DOUBLE_EQ(there["bits_per_value_mean"], 149 * 8 / 64.0);
  EXPECT_TRUE(root["links"][1]["bits_per_value_mean"].is_null());
}

TEST_F(ARunDirectory, WithoutLabelsOrCompletionsTheFiguresAreNull) {
  ASSERT_TRUE(create().ok());
  close(Error{"lost", ExitCode::peer_lost});
  const auto root = summary();
  EXPECT_TRUE(root["accuracy"].is_null());
  EXPECT_TRUE(root["latency_ms"]["p99"].is_null());
  EXPECT_EQ(root["complete"], false);
  EXPECT_EQ(root["error"], "lost");
}

TEST_F(ARunDirectory, AnErrorThatIsNoUtf8StillMakesASummary) {
  ASSERT_TRUE(create().ok());
  close(Error{"caf\xe9"});
  EXPECT_THAT(summary()["error"].get<std::string>(), testing::StartsWith("caf"));
}

TEST_F(ARunDirectory, IsReadableBeforeItIsClosed) {
  ASSERT_TRUE(create().ok());
  EXPECT_EQ(Json::parse(read("manifest.json"))["scenario"]["sha256"], "abc");
  EXPECT_THAT(read("stages.csv"), HasSubstr("stage,device"));
  EXPECT_EQ(read("summary.json"), "");
}

TEST_F(ARunDirectory, ManifestSaysWhatWasRunAndHow) {
  ASSERT_TRUE(create().ok());
  const auto manifest = Json::parse(read("manifest.json"));
  EXPECT_EQ(manifest["millrace"], "1.0");
  EXPECT_EQ(manifest["mode"], "cosim");
  EXPECT_EQ(manifest["seed"], 1);
  EXPECT_EQ(manifest["command"], Json({"millrace", "run", "two.yaml"}));
  EXPECT_EQ(manifest["network"]["kind"], "fluid");
}

TEST_F(ARunDirectory, RefusesAFolderThatHoldsSomethingElse) {
  write("thesis.tex", "years of work");
  const auto made = create();
  EXPECT_EQ(made.error().code, ExitCode::usage);
  EXPECT_THAT(made.error().message, HasSubstr("is not empty and holds no earlier run"));
  EXPECT_EQ(read("thesis.tex"), "years of work");
}

TEST_F(ARunDirectory, ReplacesAnEarlierRunAndLeavesNothingOfIt) {
  ASSERT_TRUE(create().ok());
  run_one();
  close();
  ASSERT_TRUE(create().ok());
  EXPECT_EQ(read("summary.json"), "");
  EXPECT_EQ(read("wall.json"), "");
  EXPECT_EQ(read("microbatches.csv"), "microbatch,images,created_ns,completed_ns,latency_ms\n");
}

TEST_F(ARunDirectory, ThatAnEarlierRunIsReplacedIsWarnedOfUnlessItIsMeant) {
  const auto said_by_a_second_run = [this] {
    close();
    testing::internal::CaptureStderr();
    EXPECT_TRUE(create().ok());
    return testing::internal::GetCapturedStderr();
  };
  ASSERT_TRUE(create().ok());
  run_one();
  EXPECT_EQ(said_by_a_second_run(), "");
  overwrite_ = false;
  EXPECT_THAT(said_by_a_second_run(),
              HasSubstr("warning: " + folder_.string() + ": the run that it held is replaced"));
  EXPECT_EQ(read("summary.json"), "");
}

TEST_F(ARunDirectory, OverwrittenNothingOfTheEarlierRunIsLeftAndWhatIsNotOfARunStays) {
  ASSERT_TRUE(create().ok());
  close();
  for (const char* name : {"links-measured.csv", "report.png", "a.log", "old.json.partial", "notes.md"})
    write(name, "old");
  std::filesystem::create_directories(folder_ / "agents");
  write("agents/board-a.log", "old");
  ASSERT_TRUE(create().ok());
  for (const char* name :
       {"links-measured.csv", "report.png", "a.log", "old.json.partial", "agents/board-a.log"})
    EXPECT_EQ(read(name), "") << name;
  EXPECT_EQ(read("notes.md"), "old");
}

TEST_F(ARunDirectory, WallClockFactsAreInTheirOwnFile) {
  ASSERT_TRUE(create().ok());
  close();
  EXPECT_THAT(keys(Json::parse(read("wall.json"))),
              ElementsAre("finished_utc", "wall_s", "setup_s", "run_s", "scenario_s_per_run_s"));
}

TEST_F(ARunDirectory, KnowsHowFarARunCame) {
  ASSERT_TRUE(create().ok());
  EXPECT_EQ(directory_->latest(), Time::zero());
  run_one();
  EXPECT_EQ(directory_->latest(), Time::at_ns(10'000'000));
}

// Without a simulated network only the sender knows when its activation arrived.
TEST_F(ARunDirectory, InDeployTransfersAreTheSendersSamplesBetweenDevices) {
  const LinkSample sample{.to = {2},
                          .microbatch = {5},
                          .sent = Time::at_ns(1'000'000),
                          .acknowledged = Time::at_ns(4'000'000),
                          .size = Bytes(80),
                          .values = 64};
  ASSERT_TRUE(create().ok());
  directory_->on_record(sample.acknowledged, {1}, sample);
  close();
  EXPECT_THAT(read("transfers.csv"), testing::EndsWith("propagation_ns\n"))
      << "a simulated network reports transfers itself";
  ASSERT_TRUE(create(Mode::deploy).ok());
  directory_->on_record(sample.acknowledged, {1}, sample);
  plan_.stages[1].device = plan_.stages[0].device;
  directory_->on_record(sample.acknowledged, {1}, sample);  // now both ends are on one device
  close();
  EXPECT_THAT(read("transfers.csv"),
              testing::EndsWith("0,board-a,board-b,activation,5,149,1000000,4000000,0,3000000,0\n"));
}

TEST_F(ARunDirectory, BandwidthIsThatOfTheLinksOverTheRun) {
  ASSERT_TRUE(create().ok());
  NetworkSpec spec;
  spec.devices = {"camera", "board-a", "board-b"};
  spec.links.push_back({{0}, {1}, BitRate::mbit(100), Duration::ms(1)});
  ASSERT_TRUE(directory_->close(Time::at_ns(10'000'000), {}, &spec).ok());
  EXPECT_EQ(read("bandwidth.csv"), "from,to,time_ns,rate_mbit_per_s\ncamera,board-a,0,100\n");
}

TEST_F(ARunDirectory, LinksSayWhatPassedPerInterval) {
  ASSERT_TRUE(create().ok());
  NetworkSpec spec;
  spec.devices = {"camera", "board-a", "board-b"};
  spec.links.push_back({{0}, {1}, BitRate::mbit(8), Duration::ms(1)});
  LinkMeter meter(spec, Duration::ms(10));
  meter.offered({0}, Time::zero(), Bytes(12'500));
  meter.carried({0}, 0, nanobits(Bytes(12'000)), Bytes(12'000));
  meter.dropped({0}, Time::at_ns(1'000'000), Bytes(500));
  ASSERT_TRUE(directory_->close(Time::at_ns(15'000'000), {}, &spec, &meter).ok());
  EXPECT_EQ(read("links.csv"),
            "from,to,time_ns,interval_ns,offered_bytes,delivered_bytes,queued_bytes,dropped_bytes,lost_bytes,"
            "capacity_bytes,utilisation\n"
            "camera,board-a,0,10000000,12500,10000,2000,500,0,10000,1.000000\n"
            "camera,board-a,10000000,5000000,0,2000,0,0,0,5000,0.400000\n");
}

TEST_F(ARunDirectory, AnEarlierRunsCapturesAreNotThisOnes) {
  ASSERT_TRUE(create().ok());
  close();
  write("camera+board-a.pcap", "old");
  ASSERT_TRUE(create().ok());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "camera+board-a.pcap"));
}

}  // namespace
}  // namespace millrace
