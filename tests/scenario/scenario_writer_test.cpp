#include "runtime/scenario/scenario_writer.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "runtime/scenario/scenario_files.hpp"
#include "runtime/scenario/schema.hpp"
#include "runtime/yaml/strict_yaml.hpp"
#include "tests/scenario/scenario_generator.hpp"
#include "tests/scenario/scenario_text.hpp"

namespace millrace {
namespace {

TEST(ScenarioWriter, WhatIsWrittenReadsBackEqual) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const Scenario written = ScenarioGenerator(seed).scenario();
    const std::string text = resolved_yaml(written);
    const ReadScenario back = read_scenario_text(text, "r.yaml", "", {.files = FileCheck::leave_as_written});
    ASSERT_TRUE(back.scenario) << "seed " << seed << "\n" << to_string(back.problems) << text;
    ASSERT_EQ(*back.scenario, written) << "seed " << seed << "\n" << text;
    ASSERT_EQ(resolved_yaml(*back.scenario), text) << "seed " << seed;
  }
}

// Collects the texts of `node`, by the rows of the table that they belong to.
void collect(const YamlNode& node, const std::string& row,
             std::map<std::string, std::set<std::string>>& out) {
  if (node.kind == YamlNode::Kind::text) out[row].insert(node.text);
  for (const YamlNode& item : node.items) collect(item, row + "[]", out);
  for (const YamlEntry& entry : node.entries)
    collect(entry.value, row.empty() ? entry.key : row + "." + entry.key, out);
}

// Ensures that the test above covers every key: the generator gives each key a value, and at least two values
// where more than one is possible.
TEST(ScenarioWriter, TheGeneratorKnowsEveryKey) {
  std::map<std::string, std::set<std::string>> values;
  for (std::uint64_t seed = 0; seed < 500; ++seed)
    collect(*read_yaml(resolved_yaml(ScenarioGenerator(seed).scenario()), "r.yaml").root, "", values);
  // These are never written: other keys hold their meaning.
  const std::set<std::string> read_only{"workload.microbatches", "events[].link", "network.links[].preset",
                                        "network.segments[].access[].up.preset",
                                        "network.segments[].access[].down.preset"};
  const std::set<std::string> single{"millrace", "run.compute"};  // measured is refused in mode simulate
  for (const Key& key : scenario_schema().keys) {
    const bool scalar = key.kind < ValueKind::bound;
    if (!scalar || key.path.starts_with("sweep.") || read_only.contains(key.path)) continue;
    const bool free_text = key.kind <= ValueKind::path || key.path.starts_with("model.");
    EXPECT_GE(values[key.path].size(), free_text || single.contains(key.path) ? 1U : 2U) << key.path;
  }
}

TEST(ScenarioFiles, AreThoseOfEveryKeyThatIsAPath) {
  std::set<std::string> named, paths;
  for (std::uint64_t seed = 0; seed < 500; ++seed)
    for (const NamedFile& file : named_files(ScenarioGenerator(seed).scenario())) named.insert(file.key);
  for (const Key& key : scenario_schema().keys)
    if (key.kind == ValueKind::path) paths.insert(key.path);
  EXPECT_EQ(named, paths);
}

TEST(ScenarioFiles, AreFoundInAScenarioLargerThanAFileMayBe) {
  Scenario scenario = *read(kGoodScenario).scenario;
  const LinkSection link = scenario.network.links.front();
  scenario.network.links.resize(10'000, link);
  scenario.network.links.back().trace = "/traces/last.csv";
  ASSERT_GT(resolved_yaml(scenario).size(), kMaxYamlBytes);
  const auto files = named_files(scenario);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].path, "/traces/last.csv");
}

TEST(ScenarioWriter, WritesEveryDefaultOut) {
  EXPECT_EQ(resolved_yaml(*read(kGoodScenario).scenario),
            "millrace: 1\n"
            "name: good\n"
            "model:\n"
            "  name: vit-tiny\n"
            "  weights: random\n"
            "  microbatch: 8\n"
            "  blocks: 12\n"
            "  width: 192\n"
            "  heads: 3\n"
            "  mlp_width: 768\n"
            "  image_size: 224\n"
            "  patch: 16\n"
            "  channels: 3\n"
            "  classes: 1000\n"
            "  normalisation: half\n"
            "workload:\n"
            "  dataset: synthetic\n"
            "  images: 10\n"
            "  arrivals: closed-loop\n"
            "devices:\n"
            "  - name: camera\n"
            "    runs: [source, sink]\n"
            "    threads: 1\n"
            "    slowdown: 1\n"
            "    torch_device: \"cpu\"\n"
            "  - name: board-a\n"
            "    runs: [stage]\n"
            "    speed: 8 GFLOP/s\n"
            "    threads: 1\n"
            "    slowdown: 1\n"
            "    torch_device: \"cpu\"\n"
            "  - name: board-b\n"
            "    runs: [stage]\n"
            "    speed: 4 GFLOP/s\n"
            "    threads: 1\n"
            "    slowdown: 1\n"
            "    torch_device: \"cpu\"\n"
            "network:\n"
            "  transport: tcp\n"
            "  tcp: cubic\n"
            "  mtu: 1500 B\n"
            "  links:\n"
            "    - between: [camera, board-a]\n"
            "      rate: 1 Gbit/s\n"
            "      trace_format: automatic\n"
            "      trace_end: loop\n"
            "      trace_rows: ending\n"
            "      trace_offset: 0 ns\n"
            "      trace_scale: 1\n"
            "      delay: 200 us\n"
            "      queue: 256 KiB\n"
            "      queue_discipline: drop-tail\n"
            "      loss: 0\n"
            "      overhead: 0 B\n"
            "    - between: [board-a, board-b]\n"
            "      rate: 20 Mbit/s\n"
            "      trace_format: automatic\n"
            "      trace_end: loop\n"
            "      trace_rows: ending\n"
            "      trace_offset: 0 ns\n"
            "      trace_scale: 1\n"
            "      delay: 5 ms\n"
            "      queue: 256 KiB\n"
            "      queue_discipline: drop-tail\n"
            "      loss: 0\n"
            "      overhead: 0 B\n"
            "    - between: [board-b, camera]\n"
            "      rate: 1 Gbit/s\n"
            "      trace_format: automatic\n"
            "      trace_end: loop\n"
            "      trace_rows: ending\n"
            "      trace_offset: 0 ns\n"
            "      trace_scale: 1\n"
            "      delay: 0 ns\n"
            "      queue: 256 KiB\n"
            "      queue_discipline: drop-tail\n"
            "      loss: 0\n"
            "      overhead: 0 B\n"
            "policy:\n"
            "  partition:\n"
            "    kind: even\n"
            "  quantization:\n"
            "    kind: fixed\n"
            "    codec: fp32\n"
            "    scope: image\n"
            "    bits: 32\n"
            "run:\n"
            "  mode: cosim\n"
            "  links: given\n"
            "  seed: 1\n"
            "  compute: profile\n"
            "  window: 2\n"
            "  timeout: 60 s\n"
            "  heartbeat: 1 s\n"
            "  lateness_limit: 20 ms\n");
}

TEST(ScenarioWriter, TheHashIsOfAllButModeLinksAndADefaultOfTheMode) {
  const auto hash = [](const std::vector<std::string>& overrides) {
    return scenario_hash(read(kGoodScenario, overrides).scenario.value());
  };
  EXPECT_EQ(hash({}).size(), 64U);
  for (const char* mode : {"simulate", "emulate", "deploy"})
    EXPECT_EQ(hash({std::string("run.mode=") + mode}), hash({}));
  EXPECT_EQ(hash({"run.links=netns"}), hash({}));
  EXPECT_EQ(hash({"run.compute=measured"}), hash({})) << "its default is the mode's";
  for (const char* other :
       {"run.seed=2", "network.links[1].delay=5.001 ms", "model.microbatch=7", "name=other"})
    EXPECT_NE(hash({other}), hash({})) << other;
}

}  // namespace
}  // namespace millrace
