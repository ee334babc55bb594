#include <gtest/gtest.h>

#include "sim/links/real_links.hpp"

namespace millrace {
namespace {

NetworkSpec one_link() {
  NetworkSpec spec;
  spec.devices = {"a", "b"};
  spec.links = {{.from = {0}, .to = {1}, .rate = BitRate::mbit(10)}};
  return spec;
}

TEST(RealLinksCheck, RatesAloneAreFine) { EXPECT_TRUE(RealLinks::check(one_link())); }

TEST(RealLinksCheck, DelaysAndLossesAreRefusedBecauseNothingImposesThem) {
  auto delayed = one_link(), lossy = one_link(), later = one_link();
  delayed.links[0].delay = Duration::ms(5);
  lossy.links[0].loss = 0.01;
  later.links[0].delay.set(Time::zero() + Duration::s(9), Duration::ms(1));  // set by an event
  for (const auto& spec : {delayed, lossy, later}) {
    const auto refused = RealLinks::check(spec);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ExitCode::invalid_input);
    EXPECT_NE(refused.error().message.find("link a -> b: a "), std::string::npos);
  }
}

}  // namespace
}  // namespace millrace
