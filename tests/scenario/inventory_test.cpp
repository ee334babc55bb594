#include <gtest/gtest.h>

#include "tests/scenario/scenario_text.hpp"

namespace millrace {
namespace {

// The good scenario with something added to each device, in the order they stand there.
std::string with_devices(const std::string& camera, const std::string& a, const std::string& b) {
  auto text = with(kGoodScenario, "{name: camera,", "{name: camera" + camera + ",");
  text = with(text, "{name: board-a,", "{name: board-a" + a + ",");
  return with(text, "{name: board-b,", "{name: board-b" + b + ",");
}

TEST(AnInventory, SaysWhereAgentsListen) {
  const auto read = read_scenario_text(
      with_devices(", address: 192.0.2.1:7000", ", address: board-a.local:7000", ", address: \"[::1]:7000\""),
      "s.yaml", "");
  ASSERT_TRUE(read.scenario) << to_string(read.problems);
  EXPECT_EQ(read.scenario->devices[0].address, "192.0.2.1:7000");
  EXPECT_EQ(read.scenario->devices[2].address, "[::1]:7000");
}

TEST(AnInventory, IsWholeOrNotThere) {
  const auto found = faults(with_devices(", address: 192.0.2.1:7000", "", ", address: 192.0.2.2:7000"));
  EXPECT_NE(found.find("devices[1] (board-a) has no address, others have"), std::string::npos) << found;
}

TEST(AnInventory, HasHostsAndPorts) {
  for (const std::string bad : {"192.0.2.1", "192.0.2.1:0", "192.0.2.1:x"}) {
    const auto all = ", address: \"" + bad + "\"";
    const auto found = faults(with_devices(all, all, all));
    EXPECT_NE(found.find("must be HOST:PORT"), std::string::npos) << bad << found;
  }
}

// With real devices, a scenario's assumptions about compute do not apply unless it asks for them.
TEST(AnInventory, IsOfRealDevicesWhoseComputeIsMeasuredOnTheWallClock) {
  const auto compute = [](std::vector<std::string> overrides, bool addressed, bool agents_elsewhere = false) {
    const std::string a = addressed ? ", address: 192.0.2.1:7000" : "";
    const auto read =
        read_scenario_text(with_devices(a, a, a), "s.yaml", "",
                           {.overrides = std::move(overrides), .agents_elsewhere = agents_elsewhere});
    EXPECT_TRUE(read.scenario) << to_string(read.problems);
    return read.scenario ? read.scenario->run.compute : ComputeKind::profile;
  };
  EXPECT_EQ(compute({"run.mode=deploy"}, true), ComputeKind::measured);
  EXPECT_EQ(compute({"run.mode=deploy"}, false, true), ComputeKind::measured) << "--agents";
  EXPECT_EQ(compute({"run.mode=emulate"}, false, true), ComputeKind::measured);
  EXPECT_EQ(compute({"run.mode=deploy", "run.compute=profile"}, true), ComputeKind::profile);
  EXPECT_EQ(compute({"run.mode=deploy"}, false), ComputeKind::profile) << "local agents imitate boards";
  EXPECT_EQ(compute({"run.mode=deploy", "run.links=netns"}, true), ComputeKind::profile) << "so do these";
  EXPECT_EQ(compute({"run.mode=emulate"}, true), ComputeKind::profile) << "it goes to no address";
  EXPECT_EQ(compute({"run.mode=cosim"}, true, true), ComputeKind::profile) << "virtual time";
  EXPECT_EQ(compute({"run.mode=simulate"}, true), ComputeKind::profile);
}

TEST(AnInventory, NamesDevicesOfLibTorch) {
  for (const std::string good : {"cpu", "cuda", "cuda:0", "cuda:12"})
    EXPECT_EQ(faults(with_devices("", ", torch_device: \"" + good + "\"", "")), "") << good;
  for (const std::string bad : {"gpu", "cuda:", "cuda:x", "cuda:123", "mps"}) {
    const auto found = faults(with_devices("", ", torch_device: \"" + bad + "\"", ""));
    EXPECT_NE(found.find("torch_device must be cpu, cuda or cuda:N"), std::string::npos) << bad;
  }
}

TEST(AnInventory, HeartbeatsComeAtLeastHourly) {
  EXPECT_EQ(faults(with(kGoodScenario, "run: {mode: cosim}", "run: {heartbeat: 20 ms}")), "");
  EXPECT_NE(faults(with(kGoodScenario, "run: {mode: cosim}", "run: {heartbeat: 19 ms}")), "");
}

}  // namespace
}  // namespace millrace
