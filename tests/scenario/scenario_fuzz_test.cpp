// tests/fuzz/scenario_fuzz.cpp for a few seconds: for any text the reader returns a scenario or problems, and
// an accepted scenario can be written and read again.
#include <gtest/gtest.h>

#include "runtime/base/random.hpp"
#include "runtime/scenario/scenario_writer.hpp"
#include "runtime/yaml/strict_yaml.hpp"
#include "tests/scenario/scenario_text.hpp"

namespace millrace {
namespace {

constexpr int kMutants = 2'000;

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed, "mutations") {}

  std::string mutant(std::string text) {
    const std::uint64_t changes = 1 + random_.below(6);
    for (std::uint64_t i = 0; i < changes; ++i) change(text);
    return text;
  }
  std::string token() {
    static const std::vector<std::string> kTokens{"~",
                                                  "[",
                                                  "]",
                                                  "{",
                                                  "}",
                                                  ": ",
                                                  ",",
                                                  "- ",
                                                  "\n",
                                                  "\n  ",
                                                  "#",
                                                  "&a ",
                                                  "*a",
                                                  "!t ",
                                                  "<<: ",
                                                  "\"",
                                                  "'",
                                                  "|",
                                                  ">",
                                                  "?",
                                                  "%",
                                                  "\t",
                                                  "\r",
                                                  std::string(1, '\0'),
                                                  "\xff",
                                                  "é",
                                                  "---\n",
                                                  "0",
                                                  "-1",
                                                  "99999999999999999999",
                                                  "1e9",
                                                  ".inf",
                                                  "0x10",
                                                  "010",
                                                  "no",
                                                  "5 ms",
                                                  "20 MB/s",
                                                  "1 h",
                                                  "0 B",
                                                  "0 bit/s",
                                                  "fixed",
                                                  "uniform",
                                                  "cuts: [1, 2], ",
                                                  "board-a",
                                                  "camera",
                                                  "rate: ",
                                                  "trace: ",
                                                  "devices",
                                                  "kind: fixed, ",
                                                  "vit-huge",
                                                  "blocks: 1, ",
                                                  "heads: 7, "};
    return kTokens[random_.below(kTokens.size())];
  }

 private:
  void change(std::string& text) {
    const std::size_t at = random_.below(text.size() + 1);
    const std::size_t length = random_.below(12);
    switch (random_.below(5)) {
      case 0:
        text.insert(at, token());
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.replace(at, length, token());
        break;
      case 3:
        text.insert(at, text.substr(random_.below(text.size() + 1), random_.below(80)));
        break;
      default:
        text.insert(at, 1, static_cast<char>(random_.below(256)));
        break;
    }
  }
  Random random_;
};

TEST(ScenarioFuzz, NoTextHarmsTheReader) {
  const std::string quickstart =
      read_text_file(std::string(MILLRACE_SOURCE_DIR) + "/scenarios/quickstart.yaml").value();
  int good = 0;
  for (int seed = 0; seed < kMutants; ++seed) {
    Mutator mutator(static_cast<std::uint64_t>(seed));
    const std::string text = mutator.mutant(seed % 2 == 0 ? quickstart : kGoodScenario);
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const ReadOptions options{.overrides = {}, .files = FileCheck::leave_as_written};
    const ReadScenario result = read_scenario_text(text, "m.yaml", "", options);
    ASSERT_NE(result.scenario.has_value(), !result.problems.empty());
    if (!result.scenario) continue;
    ++good;
    const auto back = read_scenario_text(resolved_yaml(*result.scenario), "r.yaml", "", options);
    ASSERT_TRUE(back.scenario) << to_string(back.problems) << text;
    ASSERT_EQ(*back.scenario, *result.scenario) << text;
  }
  EXPECT_GT(good, kMutants / 100) << "the mutations should leave some scenarios good";
  EXPECT_LT(good, kMutants / 2) << "the mutations should break most scenarios";
}

TEST(ScenarioFuzz, NoOverrideHarmsTheReader) {
  static const std::vector<std::string> kKeys{
      "run.seed",       "network.links[1].delay",   "devices[0]", "devices",
      "network",        "policy.partition.cuts[0]", "model.name", "expect.accuracy",
      "workload.images"};
  for (std::uint64_t seed = 0; seed < kMutants; ++seed) {
    Mutator mutator(seed);
    std::string text = mutator.mutant(kKeys[seed % kKeys.size()]) + (seed % 10 == 0 ? "" : "=");
    for (std::uint64_t i = 0; i < seed % 5; ++i) text += mutator.token();
    const ReadScenario result = read_scenario_text(
        kGoodScenario, "m.yaml", "", {.overrides = {text}, .files = FileCheck::leave_as_written});
    ASSERT_NE(result.scenario.has_value(), !result.problems.empty()) << text;
  }
}

}  // namespace
}  // namespace millrace
