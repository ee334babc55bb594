#include "runtime/policy/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/scenario/names.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

TEST(TheRegistry, MakesEveryPolicyItNames) {
  for (const auto& name : partition_policy_names()) EXPECT_TRUE(make_partition_policy(name).ok()) << name;
  for (const auto& name : quantization_policy_names()) {
    PolicySection::Quantization section;
    section.kind = name;
    section.target_images_per_s = 10;
    const auto made = make_quantization_policy(section);
    ASSERT_TRUE(made.ok()) << name;
    EXPECT_EQ((*made)->name(), name);
  }
}

TEST(TheRegistry, HasThePoliciesThatScenariosMayName) {
  const std::vector<std::string> keys(kQuantizationNames.begin(), kQuantizationNames.end());
  EXPECT_EQ(quantization_policy_names(), keys);
}

TEST(TheRegistry, AnUnknownNameIsAnErrorThatListsAllKnown) {
  const auto partition = make_partition_policy("clever");
  EXPECT_THAT(partition.error().message, HasSubstr("no partition policy is called \"clever\""));
  for (const auto& name : partition_policy_names()) EXPECT_THAT(partition.error().message, HasSubstr(name));
  EXPECT_EQ(partition.error().code, ExitCode::invalid_input);
  PolicySection::Quantization section;
  section.kind = "clever";
  const auto quantization = make_quantization_policy(section);
  for (const auto& name : quantization_policy_names())
    EXPECT_THAT(quantization.error().message, HasSubstr(name));
}

TEST(FixedQuantization, GivesTheScenariosBitsWhateverItSees) {
  PolicySection::Quantization section;
  section.kind = "fixed";
  section.bits = 5;
  const auto policy = make_quantization_policy(section).value();
  EXPECT_EQ(policy->choose(Time::zero(), {}), Budget{5});
  policy->observe(LinkSample{.to = {},
                             .microbatch = {},
                             .sent = {},
                             .acknowledged = Time::at_ns(1'000'000'000),
                             .size = Bytes(1),
                             .values = 1});
  EXPECT_EQ(policy->choose(Time::zero(), {}), Budget{5});
}

Scenario line_of_three() {
  Scenario scenario;
  scenario.model.config = model_by_name("vit-tiny").value();
  for (const char* name : {"camera", "a", "b"}) {
    DeviceSection device;
    device.name = name;
    scenario.devices.push_back(device);
  }
  scenario.devices[0].source = scenario.devices[0].sink = true;
  scenario.devices[0].stage = false;
  return scenario;
}

TEST(MakePlan, GivesStagesToTheDevicesThatRunThemInTheirOrder) {
  const auto plan = make_plan(line_of_three());
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(*plan, (Plan{{0}, {0}, {{{1}, {1, 24}}, {{2}, {25, 48}}}}));
}

TEST(MakePlan, TheScenariosOwnOrderOfDevicesCounts) {
  auto scenario = line_of_three();
  scenario.policy.partition.devices = {"b", "a"};
  const auto plan = make_plan(scenario);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->stages[0].device, DeviceId{2});
  EXPECT_EQ(plan->stages[1].device, DeviceId{1});
}

TEST(MakePlan, OneDeviceMayTakeTwoStages) {
  auto scenario = line_of_three();
  scenario.policy.partition.devices = {"b", "b"};
  const auto plan = make_plan(scenario);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->stages.size(), 2U);
}

}  // namespace
}  // namespace millrace
