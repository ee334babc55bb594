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

TEST(RealLinksCheck, DelaysLossesAndOverheadAreFine) {
  auto delayed = one_link(), lossy = one_link(), later = one_link(), wrapped = one_link();
  delayed.links[0].delay = Duration::ms(5);
  lossy.links[0].loss = 0.01;
  later.links[0].delay.set(Time::zero() + Duration::s(9), Duration::ms(1));  // set by an event
  wrapped.links[0].overhead = Bytes(38);
  for (const auto& spec : {delayed, lossy, later, wrapped}) EXPECT_TRUE(RealLinks::check(spec));
}

TEST(RealLinksCheck, AnEthernetSegmentCrossTrafficAndQueueDisciplinesAreFine) {
  auto shared = one_link(), crossed = one_link(), fair = one_link();
  shared.segments.push_back({.name = "lab", .kind = SegmentKind::csma});
  shared.links[0].segment = 0;
  crossed.cross_traffic.push_back({.from = {0}, .to = {1}, .rate = BitRate::mbit(1), .on = Duration::s(1)});
  fair.links[0].discipline = QueueDiscipline::fq_codel;
  for (const auto& spec : {shared, crossed, fair}) EXPECT_TRUE(RealLinks::check(spec));
}

TEST(RealLinksCheck, WiFiIsRefused) {
  auto shared = one_link();
  shared.segments.push_back({.name = "air", .kind = SegmentKind::wifi});
  const auto refused = RealLinks::check(shared);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::invalid_input);
  EXPECT_NE(refused.error().message.find("medium air: Wi-Fi cannot be imposed"), std::string::npos)
      << refused.error().message;
}

}  // namespace
}  // namespace millrace
