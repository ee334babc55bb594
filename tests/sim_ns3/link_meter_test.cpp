// The meters of ns-3's links: every byte offered is delivered, dropped, lost or still waiting.
#include <gtest/gtest.h>

#include "sim/net/delivery_schedule.hpp"
#include "sim/net/framing.hpp"
#include "sim/net/link_meter.hpp"
#include "sim/net/rate_trace.hpp"
#include "sim/ns3/ns3_network.hpp"

namespace millrace {
namespace {

struct Sums {
  Bytes offered, delivered, dropped, lost, queued;
  double carried = 0, capacity = 0;
};

class Ns3Meter : public testing::Test {
 protected:
  Ns3Meter() {
    spec_.devices = {"a", "b"};
    for (std::uint32_t i = 0; i < 2; ++i)
      spec_.links.push_back(
          {DeviceId{i}, DeviceId{1 - i}, BitRate::mbit(10), Duration::ms(5), Bytes(15'000)});
  }
  Sums run(std::uint64_t messages, Duration end) {
    LinkMeter meter(spec_, Duration::ms(100));
    const auto network = make_ns3_network(spec_, {.meter = &meter}).value();
    for (std::uint64_t i = 0; i < messages; ++i)
      network->submit(Time::zero(), {TransferId{i}, DeviceId{0}, DeviceId{1}, kMessage});
    while (network->run_until(Time::zero() + end)) {
    }
    // Without positions on the capacity a packet counts wholly at its departure.
    const bool whole = std::holds_alternative<std::shared_ptr<const DeliverySchedule>>(spec_.links[0].rate);
    const Nanobits one_packet = whole ? nanobits(spec_.mtu) : 0;
    Sums sums;
    for (const auto& row : meter.intervals(LinkId{0}, Time::zero() + end)) {
      EXPECT_LE(row.carried, row.capacity + one_packet);
      sums.offered += row.offered;
      sums.delivered += row.delivered;
      sums.dropped += row.dropped;
      sums.lost += row.lost;
      sums.queued = row.queued;
      sums.carried += static_cast<double>(row.carried);
      sums.capacity += static_cast<double>(row.capacity);
    }
    EXPECT_EQ(sums.offered, sums.delivered + sums.dropped + sums.lost + sums.queued);
    return sums;
  }

  static constexpr Bytes kMessage = Bytes::kib(64);
  NetworkSpec spec_;
};

TEST_F(Ns3Meter, RawDeliversExactlyWhatTheTransfersAre) {
  spec_.transport = Transport::raw;
  spec_.links[0].loss = 0.1;
  const Sums sums = run(20, Duration::s(5));
  EXPECT_EQ(sums.delivered, Framing(Transport::raw, spec_.mtu).wire_size(kMessage) * 20);
  EXPECT_EQ(sums.offered, sums.delivered);
  EXPECT_EQ(sums.dropped + sums.lost, Bytes(0)) << "raw repeats what is lost";
  EXPECT_GT(sums.carried, static_cast<double>(nanobits(sums.delivered)));
}

TEST_F(Ns3Meter, TcpsDropsAndLossesAreInIt) {
  // From a over a router to b: a router drops, a device holds its own packets back. Link 0 is the router's.
  spec_.devices = {"a", "b", "router"};
  spec_.links[0].from = DeviceId{2};
  spec_.links[1].to = DeviceId{2};
  spec_.links.push_back({DeviceId{0}, DeviceId{2}, BitRate::mbit(100), Duration(), Bytes(15'000)});
  spec_.links.push_back({DeviceId{2}, DeviceId{0}, BitRate::mbit(100), Duration(), Bytes(15'000)});
  spec_.links[0].loss = 0.01;
  const Sums sums = run(40, Duration::s(30));
  EXPECT_GE(sums.delivered, Framing(Transport::tcp, spec_.mtu).wire_size(kMessage * 40));
  EXPECT_GT(sums.dropped, Bytes(0)) << "a queue of ten packets overflows in slow start";
  EXPECT_GT(sums.lost, Bytes(0));
  EXPECT_EQ(sums.queued, Bytes(0));
}

TEST_F(Ns3Meter, ASaturatedLinkIsUsedToTheLastBit) {
  spec_.transport = Transport::raw;
  const Sums sums = run(100, Duration::s(1));
  // Except the packet under way at the end, which counts when its last bit has left.
  EXPECT_GE(sums.carried, sums.capacity - static_cast<double>(nanobits(spec_.mtu)));
  EXPECT_GT(sums.queued, Bytes(0));
}

TEST_F(Ns3Meter, ADeliveryScheduleIsFullAtAPacketPerOpportunity) {
  spec_.transport = Transport::raw;
  std::vector<std::uint64_t> every_ms;
  for (std::uint64_t i = 1; i <= 1000; ++i) every_ms.push_back(i);
  spec_.links[0].rate = std::make_shared<const DeliverySchedule>(DeliverySchedule::make(every_ms).value());
  const Sums sums = run(100, Duration::s(1));
  EXPECT_NEAR(sums.carried / sums.capacity, 1, 0.002);
}

}  // namespace
}  // namespace millrace
