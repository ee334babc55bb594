#include "runtime/scenario/scenario_reader.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "runtime/yaml/strict_yaml.hpp"
#include "tests/scenario/scenario_text.hpp"

namespace millrace {
namespace {

TEST(ScenarioReader, FillsEveryStructWithValuesAndDefaults) {
  const ReadScenario read_good = read(kGoodScenario);
  ASSERT_TRUE(read_good.scenario) << to_string(read_good.problems);
  const Scenario& s = *read_good.scenario;
  EXPECT_EQ(s.name, "good");
  EXPECT_EQ(s.model.config, model_by_name("vit-tiny").value());
  EXPECT_EQ(s.workload.images, 10U);
  EXPECT_EQ(s.microbatches(), 2U);
  ASSERT_EQ(s.devices.size(), 3U);
  EXPECT_TRUE(s.devices[0].source && s.devices[0].sink && !s.devices[0].stage);
  EXPECT_TRUE(s.devices[1].stage && !s.devices[1].source);
  EXPECT_EQ(s.devices[1].flop_per_s, 8e9);
  ASSERT_EQ(s.network.links.size(), 6U);
  EXPECT_EQ(s.network.links[3].from, "board-b");
  EXPECT_EQ(s.network.links[3].to, "board-a");
  EXPECT_EQ(s.network.links[3].rate, BitRate::mbit(20));
  EXPECT_EQ(s.network.links[0].delay, Duration::ns(200'000));
  EXPECT_FALSE(s.network.kind);
}

// The table's defaults equal the structs': a Scenario built in code has the same values as one from a file.
TEST(ScenarioReader, DefaultsAreThoseOfTheStructs) {
  const auto all_default = read(
      "{millrace: 1, name: x, model: {name: vit-tiny}, devices: [{name: a, runs: [source, stage, sink], "
      "speed: 1 GFLOP/s},"
      " {name: b, speed: 1 GFLOP/s}], policy: {partition: {devices: [a]}},"
      " network: {links: [{from: a, to: b, rate: 1 bit/s}]}}");
  ASSERT_TRUE(all_default.scenario) << to_string(all_default.problems);
  Scenario expected;
  expected.name = "x";
  expected.model.config = model_by_name("vit-tiny").value();
  expected.devices = {DeviceSection(), DeviceSection()};
  expected.devices[0].name = "a";
  expected.devices[0].source = expected.devices[0].sink = true;
  expected.devices[1].name = "b";
  expected.devices[0].flop_per_s = expected.devices[1].flop_per_s = 1e9;
  expected.network.links = {LinkSection()};
  expected.network.links[0].from = "a";
  expected.network.links[0].to = "b";
  expected.network.links[0].rate = BitRate(1);
  expected.policy.partition.devices = {"a"};
  EXPECT_EQ(*all_default.scenario, expected);
}

TEST(ScenarioReader, EveryKeyReachesItsField) {
  const auto read_all = read(
      "millrace: 1\nname: all\n"
      "model: {name: vit-tiny, microbatch: 3, blocks: 2, width: 64, heads: 4, mlp_width: 128, image_size: "
      "32, patch: 8,"
      " channels: 1, classes: 10, normalisation: unit}\n"
      "workload: {microbatches: 5, arrivals: poisson, rate: 12.5 /s}\n"
      "devices:\n  - {name: a, runs: [source, sink, stage], speed: 1.5 GFLOP/s, memory: 2 GiB, threads: 4, "
      "slowdown: 2.5, torch_device: cuda, address: a.local:7}\n"
      "  - {name: b, address: b.local:8}\n"
      "network: {kind: fluid, transport: raw, tcp: bbr, mtu: 9000 B, links: [{from: a, to: b, rate: 1 kbit/s,"
      " trace_format: two-column, trace_end: hold, trace_rows: starting, trace_series: A/TCPx1/East, "
      "trace_offset: 2 s, trace_scale: 0.5, delay: 1 s, queue: 1 MiB, loss: 0.25, overhead: 38 B}, {from: b, "
      "to: a, "
      "rate: 1 bit/s}]}\n"
      "policy: {partition: {kind: fixed, cuts: [3], devices: [b, a]}, quantization: {codec: uniform, bits: "
      "3.5}}\n"
      "run: {mode: deploy, seed: 9, compute: measured, window: 5, timeout: 1 min, heartbeat: 300 ms}\n"
      "expect: {throughput: '>= 9.5 /s', latency_p95: '<=250ms', accuracy: '>= 0.75'}\n");
  ASSERT_TRUE(read_all.scenario) << to_string(read_all.problems);
  const Scenario& s = *read_all.scenario;
  const ModelConfig& c = s.model.config;
  EXPECT_EQ((std::vector<int>{c.blocks, c.width, c.heads, c.mlp_width, c.image_size, c.patch, c.channels,
                              c.classes}),
            (std::vector<int>{2, 64, 4, 128, 32, 8, 1, 10}));
  EXPECT_EQ(c.normalisation, Normalisation::unit);
  EXPECT_EQ(s.model.microbatch, 3);
  EXPECT_EQ(s.workload, (WorkloadSection{"synthetic", 15, ArrivalKind::poisson, 12.5}));
  EXPECT_EQ(s.devices[0], (DeviceSection{"a", true, true, true, "", 1.5e9, Bytes(std::int64_t{1} << 31), 4,
                                         2.5, "cuda", "a.local:7"}));
  EXPECT_EQ(s.network.kind, NetworkKind::fluid);
  EXPECT_EQ(s.network.transport, Transport::raw);
  EXPECT_EQ(s.network.tcp, "bbr");
  EXPECT_EQ(s.network.mtu, Bytes(9000));
  EXPECT_EQ(s.network.links[0], (LinkSection{.from = "a",
                                             .to = "b",
                                             .rate = BitRate::kbit(1),
                                             .trace = "",
                                             .trace_format = TraceFormat::two_column,
                                             .trace_end = TraceEnd::hold,
                                             .trace_rows = TraceRows::starting,
                                             .trace_series = "A/TCPx1/East",
                                             .trace_offset = Duration::s(2),
                                             .trace_scale = 0.5,
                                             .delay = Duration::s(1),
                                             .queue = Bytes::mib(1),
                                             .loss = 0.25,
                                             .overhead = Bytes(38)}));
  EXPECT_EQ(s.policy.partition.kind, "fixed");
  EXPECT_EQ(s.policy.partition.cuts, std::vector<int>{3});
  EXPECT_EQ(s.policy.partition.devices, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(s.policy.quantization.codec, "uniform");
  EXPECT_EQ(s.policy.quantization.bits, 3.5);
  EXPECT_EQ(s.run, (RunSection{Mode::deploy, 9, ComputeKind::measured, LinksKind::given, 5, Duration::s(60),
                               Duration::ms(300)}));
  EXPECT_EQ(s.expect,
            (std::vector<Expectation>{
                {"throughput", true, 9.5}, {"latency_p95", false, 0.25}, {"accuracy", true, 0.75}}));
}

TEST(ScenarioReader, TenFaultsInOneFileAreTenLines) {
  EXPECT_EQ(
      faults("millrace: 1\n"
             "name: no\n"
             "name: ten\n"
             "model: {nmae: vit-tiny, microbatch: 8.5}\n"
             "workload: {images: 010}\n"
             "devices:\n"
             "  - {name: camera, runs: [source, sinc]}\n"
             "  - {name: board-a, speed: 8 GFLOPS}\n"
             "network:\n"
             "  links:\n"
             "    - {between: [camera, board-a], rate: 20 MB/s, delay: 5}\n"
             "    - {between: [board-a, board-x]}\n"),
      "s.yaml:2:7: name is text, and YAML readers disagree whether no is; write \"no\"\n"
      "s.yaml:3:1: duplicate key \"name\": it was given in line 2 already; remove one of the two\n"
      "s.yaml:4:8: model.name is missing: Transformer by name; its dimensions can be changed below.\n"
      "s.yaml:4:9: unknown key \"nmae\" in model; did you mean \"name\"?\n"
      "s.yaml:4:37: model.microbatch must be a whole number, got \"8.5\"\n"
      "s.yaml:5:20: workload.images must not begin with 0, which YAML 1.1 reads as octal, got \"010\"\n"
      "s.yaml:7:35: devices[0].runs[1] must be one of source, sink, stage, got \"sinc\"; did you mean "
      "\"sink\"?\n"
      "s.yaml:8:28: devices[1].speed has no unit \"GFLOPS\"; did you mean \"8 GFLOP/s\"?\n"
      "s.yaml:11:42: network.links[0].rate is a rate in bits, and \"20 MB/s\" is in bytes: write 160 Mbit/s\n"
      "s.yaml:11:58: network.links[0].delay needs a unit (ns, us, ms, s, min, h), for example 5 ms, got "
      "\"5\"\n"
      "s.yaml:12:7: network.links[1] needs rate, or trace, or preset\n"
      "s.yaml:12:27: network.links[1].between[1] names \"board-x\", which is not a device; did you mean "
      "\"board-a\"?\n");
}

TEST(ScenarioReader, NamesWrongTypesAndMissingValues) {
  EXPECT_EQ(faults("[1, 2]"), "s.yaml:1:1: must be a map of keys, got a list\n");
  EXPECT_EQ(faults(""), "s.yaml:1:1: must be a map of keys, got nothing\n");
  EXPECT_EQ(faults(changed("run: {mode: cosim}", "run:")),
            "s.yaml:16:1: run has no value; write one (map) or remove the key\n");
  EXPECT_EQ(
      faults(changed("run: {mode: cosim}", "run: {seed: [1], mode: {a: b}, window: ~, timeout: '5 s'}")),
      "s.yaml:16:13: run.seed must be integer, 0 or more, got a list\n"
      "s.yaml:16:24: run.mode must be one of simulate, cosim, emulate, deploy, got a map\n"
      "s.yaml:16:32: run.window has no value; write one (integer, 1 to 1024) or remove the key\n");
  EXPECT_EQ(faults(changed("{images: 10}", "10")), "s.yaml:4:11: workload must be a map, got text\n");
  EXPECT_EQ(faults(changed("{mode: cosim}", "{seed: \"1\", mode: COSIM}")),
            "s.yaml:16:13: run.seed must be a number without quotes\n"
            "s.yaml:16:24: run.mode must be one of simulate, cosim, emulate, deploy, got \"COSIM\"; did you "
            "mean \"cosim\"?\n");
  EXPECT_EQ(faults(changed("millrace: 1", "millrace: 2")),
            "s.yaml:1:11: millrace must be integer, 1, got \"2\"\n");
  EXPECT_EQ(faults(changed("[camera, board-a]", "[camera]")),
            "s.yaml:11:17: network.links[0].between must be a list of 2, got 1\n");
}

TEST(ScenarioReader, ChecksRangesAndNames) {
  EXPECT_EQ(faults(changed("{images: 10}", "{images: 0}")),
            "s.yaml:4:20: workload.images must be integer, 1 to 65536000000000, got \"0\"\n");
  EXPECT_EQ(faults(changed("delay: 5 ms", "delay: 2 h")),
            "s.yaml:12:61: network.links[1].delay must be 0 ns to 3600 s, got \"2 h\"\n");
  EXPECT_EQ(faults(changed("delay: 5 ms", "loss: 1")),
            "s.yaml:12:60: network.links[1].loss must be number at least 0 and below 1, got \"1\"\n");
  EXPECT_EQ(faults(changed("delay: 5 ms", "loss: -0.1")),
            "s.yaml:12:60: network.links[1].loss must be number at least 0 and below 1, got \"-0.1\"\n");
  EXPECT_EQ(faults(changed("speed: 8 GFLOP/s", "speed: 0 GFLOP/s")),
            "s.yaml:7:28: devices[1].speed must be above 0 and at most 1000000 TFLOP/s, got \"0 GFLOP/s\"\n");
  EXPECT_EQ(faults(changed("name: good", "name: ../evil")),
            "s.yaml:2:7: name must be a name of at most 64 letters, digits, '.', '_' and '-' that begins "
            "with a letter or "
            "digit, got \"../evil\"\n");
  EXPECT_EQ(
      faults(kGoodScenario + "expect: {throughput: 9 /s, latency_p50: \">= 5\", accuracy: '>= 2'}\n"),
      "s.yaml:17:22: expect.throughput must begin with >= or <=, got \"9 /s\"\n"
      "s.yaml:17:41: expect.latency_p50 needs a unit (ns, us, ms, s, min, h), for example 5 ms, got \"5\"\n"
      "s.yaml:17:59: expect.accuracy must have a bound from 0 to 1, got \">= 2\"\n");
}

TEST(ScenarioReader, ChecksAlternatives) {
  EXPECT_EQ(faults(changed("{images: 10}", "{images: 10, microbatches: 2}")),
            "s.yaml:4:38: workload has images and microbatches; give only one of them\n");
  EXPECT_EQ(faults(changed("between: [camera, board-a]", "from: camera")),
            "s.yaml:11:7: network.links[0] has from and needs to beside it\n");
  EXPECT_EQ(faults(changed("between: [camera, board-a], ", "")),
            "s.yaml:11:7: network.links[0] needs between, or from and to\n");
}

TEST(ScenarioReader, ListsManyProblemsButNotEndlessly) {
  std::string text = "millrace: 1\n";
  for (int i = 0; i < 1'000; ++i) text += "unknown_" + std::to_string(i) + ": 1\n";
  const auto problems = read(text).problems;
  ASSERT_EQ(problems.size(), kMaxProblems + 1);
  EXPECT_EQ(to_string(problems.back()), "s.yaml: 803 more problems are not listed; mend these first");
}

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "sub");
    std::ofstream(folder_ / "t.csv") << "x";
    std::ofstream(folder_ / "sub" / "w.safetensors") << "x";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  ReadScenario read_here(const std::string& text, const std::vector<std::string>& overrides = {}) const {
    return read_scenario_text(text, "s.yaml", folder_.string(), {.overrides = overrides});
  }
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("millrace-scenario-" + std::to_string(::getpid()));
};

TEST_F(Files, AreFoundBesideTheScenarioAndMadeAbsolute) {
  const auto found = read_here(with(changed("rate: 20 Mbit/s", "trace: sub/../t.csv"), "{name: vit-tiny}",
                                    "{name: vit-tiny, weights: ./sub/w.safetensors}"));
  ASSERT_TRUE(found.scenario) << to_string(found.problems);
  EXPECT_EQ(found.scenario->network.links[2].trace, (folder_ / "t.csv").string());
  EXPECT_EQ(found.scenario->network.links[3].trace, (folder_ / "t.csv").string());
  EXPECT_EQ(found.scenario->model.weights, (folder_ / "sub" / "w.safetensors").string());
}

TEST_F(Files, OfCalibrationsAreAFolder) {
  const std::vector<std::string> klt{"policy.quantization.codec=klt", "policy.quantization.bits=2.37"};
  auto with_folder = klt;
  with_folder.emplace_back("policy.quantization.calibration=" + (folder_ / "sub").string());
  const auto found = read_here(kGoodScenario, with_folder);
  ASSERT_TRUE(found.scenario) << to_string(found.problems);
  EXPECT_EQ(found.scenario->policy.quantization.calibration, (folder_ / "sub").string());
  EXPECT_EQ(found.scenario->policy.quantization.bits, 2.37);
  auto with_file = klt;
  with_file.emplace_back("policy.quantization.calibration=" + (folder_ / "t.csv").string());
  EXPECT_NE(to_string(read_here(kGoodScenario, with_file).problems).find("there is no folder"),
            std::string::npos);
  with_folder[0] = "policy.quantization.codec=uniform", with_folder[1] = "policy.quantization.bits=3";
  EXPECT_NE(to_string(read_here(kGoodScenario, with_folder).problems).find("is for codec klt, and uniform"),
            std::string::npos);
}

TEST_F(Files, ThatAreNowhereAreProblemsThatNameBothPlaces) {
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(to_string(read_here(changed("rate: 20 Mbit/s", "trace: none.csv")).problems),
            "s.yaml:12:44: network.links[1].trace names \"none.csv\": there is neither " + folder_.string() +
                "/none.csv nor " + here + "/none.csv\n");
  EXPECT_EQ(to_string(read_here(kGoodScenario, {"network.links[1].trace=none.csv"}).problems),
            "--set network.links[1].trace: network.links[1].trace names \"none.csv\": there is neither " +
                here + "/none.csv nor " + folder_.string() + "/none.csv\n");
  EXPECT_EQ(
      to_string(
          read_here(kGoodScenario, {"model.weights=/none", "workload.dataset=image-folder:sub"}).problems),
      "--set model.weights: model.weights names \"/none\": there is no file /none\n"
      "--set workload.dataset: workload.dataset names \"image-folder:sub\": there is neither " +
          here + "/sub nor " + folder_.string() + "/sub\n");
}

TEST_F(Files, OfOverridesComeFromTheCurrentFolderFirst) {
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder_ / "sub");
  std::ofstream("t.csv") << "y";
  const auto overridden = read_here(kGoodScenario, {"network.links[1].trace=t.csv"});
  const auto written = read_here(changed("rate: 20 Mbit/s", "trace: t.csv"));
  std::filesystem::current_path(here);
  ASSERT_TRUE(overridden.scenario && written.scenario);
  EXPECT_EQ(overridden.scenario->network.links[2].trace, (folder_ / "sub" / "t.csv").string());
  EXPECT_EQ(written.scenario->network.links[2].trace, (folder_ / "t.csv").string());
}

TEST_F(Files, AreLeftAsWrittenWhereTheyNeedNotBe) {
  const auto left = read_scenario_text(changed("{images: 10}", "{dataset: 'image-folder:x/labels.csv'}"),
                                       "s.yaml", "", {.files = FileCheck::leave_as_written});
  ASSERT_TRUE(left.scenario);
  EXPECT_EQ(left.scenario->workload.dataset, "image-folder:x/labels.csv");
}

TEST_F(Files, ScenariosThemselvesAreReadFromDisk) {
  std::ofstream(folder_ / "s.yaml") << changed("rate: 20 Mbit/s", "trace: t.csv");
  const std::string path = (folder_ / "s.yaml").string();
  const auto found = read_scenario(path);
  ASSERT_TRUE(found.scenario) << to_string(found.problems);
  EXPECT_EQ(found.scenario->network.links[2].trace, (folder_ / "t.csv").string());
  EXPECT_EQ(to_string(read_scenario("no-such.yaml").problems),
            "no-such.yaml: cannot be read: No such file or directory\n");
}

TEST_F(Files, DatasetsOfAnotherKindAreRefused) {
  EXPECT_EQ(
      faults(changed("{images: 10}", "{dataset: imagenet}")),
      "s.yaml:4:21: workload.dataset must be synthetic or shapes or image-folder:PATH or features:PATH or "
      "tokens:PATH, got \"imagenet\"\n");
  EXPECT_EQ(faults(changed("{images: 10}", "{dataset: \"image-folder:a\\0b\"}")),
            "s.yaml:4:21: workload.dataset holds control characters: \"a\\x00b\"\n");
}

}  // namespace
}  // namespace millrace
