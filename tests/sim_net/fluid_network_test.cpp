#include "sim/net/fluid_network.hpp"

#include <gtest/gtest.h>

#include "sim/net/framing.hpp"
#include "sim/net/link_rate.hpp"

namespace millrace {
namespace {

Time us(std::int64_t n) { return Time::zero() + Duration::us(n); }
Time ms(std::int64_t n) { return us(1000 * n); }

// Payload of n full raw packets of 1500 bytes: 12,000 bit each on the wire.
constexpr std::int64_t packets(std::int64_t n) { return n * 1460; }

class Fluid : public testing::Test {
 protected:
  void link(std::uint32_t from, std::uint32_t to, LinkRate rate, Duration delay = {}, double loss = 0) {
    spec_.devices.resize(std::max<std::size_t>({spec_.devices.size(), from + 1U, to + 1U}), "device");
    spec_.links.push_back({DeviceId{from}, DeviceId{to}, rate, delay, Bytes::kib(64), loss});
    spec_.transport = Transport::raw;
  }
  void send(Time depart, std::uint32_t from, std::uint32_t to, std::int64_t bytes) {
    if (!network_) network_ = make_fluid_network(spec_).value();
    network_->submit(depart, {TransferId{next_++}, DeviceId{from}, DeviceId{to}, Bytes(bytes)});
  }
  Delivery next() { return network_->run_until(Time::never()).value(); }

  NetworkSpec spec_;
  std::unique_ptr<Network> network_;
  std::uint64_t next_ = 0;
};

TEST_F(Fluid, OnePacketTakesItsWireTimeAndTheDelay) {
  link(0, 1, BitRate::mbit(12), Duration::ms(5));
  send(ms(3), 0, 1, packets(1));
  const Delivery d = next();
  EXPECT_EQ(d.at, ms(9));
  EXPECT_EQ(d.queued, Duration{});
  EXPECT_EQ(d.wire, Duration::ms(1));
  EXPECT_EQ(d.propagation, Duration::ms(5));
}

TEST_F(Fluid, EveryPacketCarriesItsHeader) {
  EXPECT_EQ(Framing(Transport::raw, Bytes(1500)).wire_size(Bytes(1461)), Bytes(1461 + 80));
  EXPECT_EQ(Framing(Transport::tcp, Bytes(1500)).wire_size(Bytes(1448)), Bytes(1500));
  EXPECT_EQ(Framing(Transport::tcp, Bytes(9000)).wire_size(Bytes(2 * 8948)), Bytes(18'000));
  EXPECT_EQ(Framing(Transport::raw, Bytes(1500)).last_packet(Bytes(1461)), Bytes(41));
  EXPECT_EQ(Framing(Transport::raw, Bytes(1500)).last_packet(Bytes(2920)), Bytes(1500));
}

TEST_F(Fluid, TheSecondWaitsForTheFirst) {
  link(0, 1, BitRate::mbit(12), Duration::ms(5));
  send(ms(0), 0, 1, packets(10));
  send(ms(4), 0, 1, packets(2));
  EXPECT_EQ(next().at, ms(15));
  const Delivery d = next();
  EXPECT_EQ(d.at, ms(17));
  EXPECT_EQ(d.queued, Duration::ms(6));
  EXPECT_EQ(d.wire, Duration::ms(2));
}

TEST_F(Fluid, TransfersSpanRateChangesAndOutages) {
  const auto rate = std::make_shared<const RateTrace>(RateTrace::make({{Duration{}, BitRate::mbit(12)},
                                                                       {Duration::ms(2), BitRate(0)},
                                                                       {Duration::ms(5), BitRate::mbit(6)}},
                                                                      Duration::ms(9), TraceEnd::loop)
                                                          .value());
  link(0, 1, rate);
  // Two packets before the outage, two in 4 ms after it, then the loop: one more.
  send(ms(0), 0, 1, packets(5));
  EXPECT_EQ(next().at, ms(10));
  send(us(11'500), 0, 1, packets(1));  // in the second round's outage, 9 + 2 .. 9 + 5 ms
  const Delivery d = next();
  EXPECT_EQ(d.at, ms(16));
  EXPECT_EQ(d.queued, Duration::us(2500));
  EXPECT_EQ(d.wire, Duration::ms(2));
}

TEST_F(Fluid, LossTakesItsExpectedRepetitions) {
  link(0, 1, BitRate::mbit(12), Duration{}, 0.2);
  send(ms(0), 0, 1, packets(8));
  EXPECT_EQ(next().at, ms(10));
}

TEST_F(Fluid, ADeliveryScheduleIsItsRate) {
  link(0, 1, std::make_shared<const DeliverySchedule>(DeliverySchedule::make({2, 3, 10}).value()));
  send(ms(0), 0, 1, packets(2));
  EXPECT_EQ(next().at, ms(3));
}

TEST_F(Fluid, ASlowerSecondHopIsTheBottleneck) {
  link(0, 1, BitRate::mbit(12), Duration::ms(5));
  link(1, 2, BitRate::mbit(6), Duration::ms(7));
  send(ms(0), 0, 2, packets(10));
  // The first packet is at the second link at 1 + 5 ms; 10 packets take 2 ms each there; 7 ms more.
  const Delivery d = next();
  EXPECT_EQ(d.at, ms(6 + 20 + 7));
  EXPECT_EQ(d.wire, Duration::ms(10));
}

TEST_F(Fluid, AFasterSecondHopAddsItsLastPacket) {
  link(0, 1, BitRate::mbit(12), Duration::ms(5));
  link(1, 2, BitRate::mbit(24), Duration::ms(7));
  send(ms(0), 0, 2, packets(10));
  EXPECT_EQ(next().at, ms(10 + 5 + 7) + Duration::us(500));
}

TEST_F(Fluid, DirectionsAreIndependent) {
  link(0, 1, BitRate::mbit(12));
  link(1, 0, BitRate::mbit(6));
  send(ms(0), 0, 1, packets(6));
  send(ms(0), 1, 0, packets(2));
  EXPECT_EQ(next().at, ms(4));
  EXPECT_EQ(next().at, ms(6));
}

TEST_F(Fluid, TheFirstDeclaredOfEqualRoutesIsTaken) {
  link(0, 2, BitRate::mbit(12));
  link(0, 1, BitRate::mbit(12));
  link(1, 3, BitRate::mbit(12));
  link(2, 3, BitRate::mbit(12), Duration::ms(9));
  send(ms(0), 0, 3, packets(1));
  EXPECT_EQ(next().at, ms(2 + 9));
}

TEST_F(Fluid, AChainOfSixteenKeepsExactInstants) {
  for (std::uint32_t i = 0; i < 16; ++i) link(i, i + 1, BitRate::mbit(96), Duration::ms(1));
  for (int batch = 0; batch < 1000; ++batch) send(ms(batch), 0, 1, packets(8));
  // Every arrival is sent on at once, as by stages that take no time: 1 ms wire, 1 ms delay a hop.
  for (int arrivals = 0; arrivals < 16'000; ++arrivals) {
    const Delivery d = next();
    const auto hop = static_cast<std::uint32_t>(d.id.value / 1000);
    const auto batch = static_cast<std::int64_t>(d.id.value % 1000);
    ASSERT_EQ(d.at, ms(batch + 2 * (hop + 1)));
    const Transfer onwards{TransferId{d.id.value + 1000}, DeviceId{hop + 1}, DeviceId{hop + 2},
                           Bytes(packets(8))};
    if (hop < 15) network_->submit(d.at, onwards);
  }
  EXPECT_FALSE(network_->run_until(Time::never()));
}

}  // namespace
}  // namespace millrace
