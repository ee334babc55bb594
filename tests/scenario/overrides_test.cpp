#include <gtest/gtest.h>

#include "tests/scenario/scenario_text.hpp"

namespace millrace {
namespace {

Scenario scenario(const std::vector<std::string>& overrides) {
  const ReadScenario result = read(kGoodScenario, overrides);
  EXPECT_TRUE(result.scenario) << to_string(result.problems);
  return result.scenario.value_or(Scenario());
}

TEST(Overrides, ReplaceAddAndAppend) {
  EXPECT_EQ(scenario({"network.links[1].delay=10 ms"}).network.links[2].delay, Duration::ms(10));
  EXPECT_EQ(scenario({"run.mode=simulate"}).run.mode, Mode::simulate);
  EXPECT_EQ(scenario({"expect.throughput=>= 9.5 /s"}).expect,
            (std::vector<Expectation>{{"throughput", true, 9.5}}));
  EXPECT_EQ(scenario({"policy.quantization.codec=fp16"}).policy.quantization.bits, 16);
  EXPECT_EQ(scenario({"policy.partition={kind: fixed, cuts: [12]}"}).policy.partition.cuts,
            std::vector<int>{12});
  EXPECT_EQ(scenario({"policy.partition.kind=fixed", "policy.partition.cuts[0]=16"}).policy.partition.cuts,
            std::vector<int>{16});
  EXPECT_EQ(scenario({"devices[3]={name: board-c, speed: 1 GFLOP/s}",
                      "network.links[3]={between: [board-b, board-c], rate: 1 Mbit/s}"})
                .devices.size(),
            4U);
  EXPECT_EQ(scenario({"name=\"010\""}).name, "010");
}

TEST(Overrides, TheLaterWins) { EXPECT_EQ(scenario({"run.seed=3", "run.seed=4"}).run.seed, 4U); }

TEST(Overrides, OneOfAnAlternativeReplacesTheOther) {
  EXPECT_EQ(scenario({"workload.microbatches=3"}).workload.images, 24U);
  const auto problems = faults(kGoodScenario, {"network.links[1].trace=none.csv"});
  EXPECT_EQ(problems.find("rate"), std::string::npos) << problems;
  EXPECT_EQ(faults(kGoodScenario, {"workload.images=3", "workload.microbatches=3"}),
            "--set workload.microbatches: workload has images and microbatches; give only one of them\n");
}

TEST(Overrides, FaultsAreAllPlacedAtTheOverride) {
  EXPECT_EQ(
      faults(changed("delay: 5 ms", "delay: 5"),
             {"network.links[1].rate=20 MB/s", "run.sed=1", "run.seed", "devices[9].name=x", "devices.name=x",
              "name.x=1", "run[0]=1", "a..b=1", "run.window=[", "run={seed: 1, seed: 2}", "model={nam: x}"}),
      "s.yaml:12:61: network.links[1].delay needs a unit (ns, us, ms, s, min, h), for example 5 ms, got "
      "\"5\"\n"
      "--set run.sed: unknown key \"sed\" in run; did you mean \"seed\"?\n"
      "--set run.seed: has no value; write KEY=VALUE, for example run.seed=7\n"
      "--set devices[9].name: index 9 is out of range: devices has 3 items; the next one is [3]\n"
      "--set devices.name: devices is a list; say which item, devices[0]\n"
      "--set name.x: name has no keys below it\n"
      "--set run[0]: run is not a list\n"
      "--set a..b: \"a..b\" is not a key: a name is missing; write it like network.links[1].delay\n"
      "--set run.window: not valid YAML: end of sequence flow not found\n"
      "--set run: duplicate key \"seed\": it was given in line 1 already; remove one of the two\n"
      "--set model: unknown key \"nam\" in model; did you mean \"name\"?\n"
      "--set model: model.name is missing: Transformer by name; its dimensions can be changed below.\n"
      "--set network.links[1].rate: network.links[1].rate is a rate in bits, and \"20 MB/s\" is in bytes: "
      "write 160 "
      "Mbit/s\n");
}

TEST(Overrides, CannotGoThroughWhatIsNoMap) {
  EXPECT_EQ(faults(changed("run: {mode: cosim}", "run: fast"), {"run.seed=1"}),
            "s.yaml:16:6: run must be a map, got text\n"
            "--set run.seed: cannot be set: run is text here, not a map\n");
}

TEST(Overrides, AnEmptyValueIsNoValue) {
  EXPECT_EQ(faults(kGoodScenario, {"run.seed="}),
            "--set run.seed: run.seed has no value; write one (integer, 0 or more) or remove the key\n");
}

}  // namespace
}  // namespace millrace
