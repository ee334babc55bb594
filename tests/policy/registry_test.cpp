#include "runtime/policy/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/scenario/choices.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

TEST(TheRegistry, MakesEveryPolicyItNames) {
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
  PolicySection::Quantization section;
  section.kind = "clever";
  const auto quantization = make_quantization_policy(section);
  EXPECT_THAT(quantization.error().message, HasSubstr("no quantization policy is called \"clever\""));
  EXPECT_EQ(quantization.error().code, ExitCode::invalid_input);
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

}  // namespace
}  // namespace millrace
