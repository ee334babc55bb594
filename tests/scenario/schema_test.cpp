#include "runtime/scenario/schema.hpp"

#include <gtest/gtest.h>

#include <set>

#include "runtime/codec/codec.hpp"
#include "runtime/codec/encoding.hpp"
#include "runtime/scenario/codec_keys.hpp"
#include "runtime/scenario/schema_document.hpp"
#include "runtime/yaml/strict_yaml.hpp"
#include "tests/scenario/scenario_text.hpp"

namespace millrace {
namespace {

const std::string kFolder = std::string(MILLRACE_SOURCE_DIR) + "/scenarios/";
constexpr const char* kAdvice = "run build/release/bin/millrace-schema scenarios";

TEST(Schema, TheCommittedJsonSchemaIsInStep) {
  EXPECT_EQ(read_text_file(kFolder + "millrace.schema.json").value(), json_schema(scenario_schema()))
      << kAdvice;
}

TEST(Schema, EveryKeyIsDocumentedInTheReadme) {
  const std::string page = read_text_file(kFolder + "README.md").value();
  for (const Key& key : scenario_schema().keys)
    EXPECT_NE(page.find("| `" + key.path + "` |"), std::string::npos) << key.path << ": " << kAdvice;
  EXPECT_EQ(page, with_reference(page, key_reference(scenario_schema())).value()) << kAdvice;
  EXPECT_FALSE(with_reference("no markers", ""));
}

TEST(Schema, CodecsAreThoseOfTheRegistryWithTheirWidths) {
  std::set<std::string> known{"u8", "u24"};
  for (const auto& keys : kCodecKeys) {
    known.emplace(keys.name);
    const auto codec = make_codec(keys.name);
    ASSERT_TRUE(codec) << keys.name;
    const double narrowest = (*codec)->bit_width({0}), widest = (*codec)->bit_width({64});
    const double least = keys.is_real() ? keys.real_least : 2, most = keys.is_real() ? keys.real_most : 16;
    EXPECT_EQ(narrowest, keys.bits != 0 ? keys.bits : least) << keys.name;
    EXPECT_EQ(widest, keys.bits != 0 ? keys.bits : most) << keys.name;
    Buffer out;
    (*codec)->encode({{}, {.images = 0, .rows = 1, .width = 1}, TensorRole::residual}, {}, out);
    EXPECT_EQ(read_header(out)->scope != ScaleScope::none, keys.has_scope) << keys.name;
  }
  for (const auto& name : codec_names()) EXPECT_TRUE(known.contains(name)) << name;
}

TEST(Schema, RowsAreUniqueCompleteAndHaveParents) {
  const Schema& schema = scenario_schema();
  std::set<std::string> seen;
  for (const Key& key : schema.keys) {
    EXPECT_TRUE(seen.insert(key.path).second) << key.path;
    EXPECT_FALSE(key.doc.empty()) << key.path;
    const std::size_t end = key.path.ends_with("[]") ? key.path.size() - 2 : key.path.rfind('.');
    if (end != std::string::npos) {
      EXPECT_TRUE(seen.contains(key.path.substr(0, end))) << key.path;
    }
    if (key.kind == ValueKind::list) {
      EXPECT_NE(schema.find(key.path + "[]"), nullptr) << key.path;
    }
    if (key.kind == ValueKind::choice) {
      EXPECT_FALSE(key.choices.empty()) << key.path;
    }
    EXPECT_FALSE(key.required && !key.fallback.empty()) << key.path;
  }
  for (const Alternative& alternative : schema.alternatives) {
    for (const auto& set : alternative.sets) {
      for (const auto& key : set) EXPECT_NE(schema.find(alternative.parent + "." + key), nullptr) << key;
    }
  }
}

// A default must be a value that a file may contain.
TEST(Schema, EveryDefaultPassesTheChecks) {
  // Keys that have an effect only with some kinds of their policy; other tests set them.
  const std::set<std::string> of_kinds{"policy.partition.objective", "policy.quantization.window"};
  for (const Key& key : scenario_schema().keys) {
    if (key.fallback.empty() || key.path.find("[]") != std::string::npos) continue;
    if (of_kinds.contains(key.path)) continue;
    EXPECT_EQ(faults(kGoodScenario, {key.path + "=" + key.fallback}), "") << key.path;
  }
  for (const Key& key : scenario_schema().keys) {
    const std::string device = "devices[].";
    const std::string link = "network.links[].";
    if (key.fallback.empty()) continue;
    if (key.path.starts_with(device)) {
      EXPECT_EQ(faults(kGoodScenario, {"devices[1]." + key.path.substr(device.size()) + "=" + key.fallback}),
                "");
    }
    // Defaults in a map that also has required keys are tested in network_section_test.cpp.
    if (key.path.starts_with(link) && key.path.find(".loss_model.") == std::string::npos) {
      EXPECT_EQ(
          faults(kGoodScenario, {"network.links[1]." + key.path.substr(link.size()) + "=" + key.fallback}),
          "");
    }
  }
}

TEST(Schema, TheQuickstartIsGood) {
  const auto quickstart = read_scenario(kFolder + "quickstart.yaml");
  EXPECT_TRUE(quickstart.scenario) << to_string(quickstart.problems);
}

}  // namespace
}  // namespace millrace
