#include "sim/net/network_check.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/net/routes.hpp"

namespace millrace {
namespace {

NetworkSpec line() {
  NetworkSpec spec;
  spec.devices = {"camera", "board", "sink"};
  spec.transport = Transport::raw;
  spec.links = {{DeviceId{0}, DeviceId{1}, BitRate::mbit(1), {}},
                {DeviceId{1}, DeviceId{2}, BitRate::mbit(1), {}}};
  return spec;
}
std::string finding(const NetworkSpec& spec) {
  const auto checked = check_network(spec);
  return checked.ok() ? "" : checked.error().message;
}

TEST(NetworkCheck, AGoodNetworkPasses) { EXPECT_EQ(finding(line()), ""); }

TEST(NetworkCheck, EachFaultIsASentenceThatNamesTheLink) {
  auto spec = line();
  spec.links[1].to = DeviceId{9};
  EXPECT_EQ(finding(spec), "network: a link goes from device 1 to device 9, but there are only 3");
  spec = line();
  spec.links[1] = spec.links[0];
  EXPECT_EQ(finding(spec), "network: link camera -> board is declared twice");
  spec = line();
  spec.links[0].delay = Duration::ms(-1);
  EXPECT_EQ(finding(spec), "network: link camera -> board: delay must be from 0 to 1e+06 s, got -0.001 s");
  spec = line();
  spec.links[0].queue = Bytes(1499);
  EXPECT_EQ(finding(spec),
            "network: link camera -> board: queue must hold at least one packet of 1500 bytes, got 1499");
  spec = line();
  spec.links[0].rate = BitRate(-1);
  EXPECT_EQ(finding(spec),
            "network: link camera -> board: the rate must be from 0 to 1000 Tbit/s or a trace");
  spec.links[0].rate = std::shared_ptr<const RateTrace>();
  EXPECT_NE(finding(spec), "");
  for (const double loss : {-0.1, 1.0, std::nan("")}) {
    spec = line();
    spec.links[0].loss = loss;
    EXPECT_NE(finding(spec).find("loss must be >= 0 and < 1"), std::string::npos);
  }
  spec = line();
  spec.mtu = Bytes(67);
  EXPECT_EQ(finding(spec), "network: mtu must be from 68 to 65535 bytes, got 67");
}

TEST(NetworkCheck, TcpNeedsAWayBack) {
  auto spec = line();
  spec.transport = Transport::tcp;
  EXPECT_EQ(finding(spec), "network: link camera -> board: tcp needs a way back for its acknowledgements");
  spec.links.push_back({DeviceId{2}, DeviceId{0}, BitRate::mbit(1), {}});  // a directed ring is enough
  EXPECT_EQ(finding(spec), "");
}

TEST(NetworkCheck, ARouteIsAskedForBeforehand) {
  EXPECT_TRUE(check_route(line(), DeviceId{0}, DeviceId{2}).ok());
  EXPECT_EQ(check_route(line(), DeviceId{2}, DeviceId{0}).error().message,
            "network: no route from sink to camera");
}

TEST(Routes, FewestHopsThenFirstDeclared) {
  NetworkSpec spec;
  spec.devices.resize(5);
  const auto link = [&](std::uint32_t from, std::uint32_t to) {
    spec.links.push_back({DeviceId{from}, DeviceId{to}, BitRate::mbit(1), {}});
  };
  link(0, 2), link(2, 3), link(0, 1), link(1, 3), link(3, 4), link(0, 3);
  const Routes routes(spec);
  EXPECT_EQ(routes.path(DeviceId{0}, DeviceId{4}), (std::vector<LinkId>{{5}, {4}}));
  spec.links.pop_back();
  EXPECT_EQ(Routes(spec).path(DeviceId{0}, DeviceId{4}), (std::vector<LinkId>{{0}, {1}, {4}}));
  EXPECT_TRUE(routes.path(DeviceId{4}, DeviceId{0}).empty());
  EXPECT_FALSE(routes.next(DeviceId{4}, DeviceId{0}));
}

NetworkSpec on_a_medium(SegmentKind kind) {
  NetworkSpec spec;
  spec.devices = {"a", "b", "c"};
  SegmentSpec lan{.name = "lan", .kind = kind, .members = {DeviceId{0}, DeviceId{1}}};
  lan.rate = BitRate::mbit(10);
  spec.segments.push_back(lan);
  for (std::uint32_t i = 0; i < 2; ++i) {
    spec.links.push_back({DeviceId{i}, DeviceId{1 - i}, lan.rate});
    spec.links.back().segment = 0;
  }
  return spec;
}

TEST(NetworkCheck, MediaNeedATransportThatSharesThem) {
  EXPECT_EQ(finding(on_a_medium(SegmentKind::csma)), "");
  NetworkSpec raw = on_a_medium(SegmentKind::csma);
  raw.transport = Transport::raw;
  EXPECT_EQ(finding(raw), "network: segment lan needs transport tcp: bare packets share no medium");
  NetworkSpec idle = on_a_medium(SegmentKind::csma);
  idle.segments[0].rate = BitRate(0);
  EXPECT_NE(finding(idle).find("the rate must be above 0"), std::string::npos);
}

TEST(NetworkCheck, CrossTrafficNeedsARouteAndATransport) {
  NetworkSpec spec = on_a_medium(SegmentKind::csma);
  spec.cross_traffic.push_back({.from = DeviceId{0}, .to = DeviceId{1}, .kind = CrossTrafficKind::tcp_bulk});
  EXPECT_EQ(finding(spec), "");
  spec.cross_traffic[0].to = DeviceId{2};
  EXPECT_EQ(finding(spec), "network: cross traffic has no route from a to c");
  spec.cross_traffic[0] = {.from = DeviceId{0}, .to = DeviceId{1}, .kind = CrossTrafficKind::on_off};
  EXPECT_EQ(finding(spec), "network: on-off traffic needs a rate, a time on, and an end after its start");
}

TEST(NetworkCheck, LossModelsLetSomethingThroughAndOverheadIsBounded) {
  NetworkSpec spec = on_a_medium(SegmentKind::csma);
  spec.links[0].loss_model = GilbertElliott{.p = 0.1, .r = 0};
  EXPECT_NE(finding(spec).find("mean loss below 1"), std::string::npos);
  spec.links[0].loss_model = GilbertElliott{.p = 0.1, .r = 0.5};
  spec.links[0].overhead = Bytes(-1);
  EXPECT_NE(finding(spec).find("overhead must be from 0"), std::string::npos);
}

}  // namespace
}  // namespace millrace
