// The contract of every Network implementation. A test program that links an implementation includes this
// and instantiates it: INSTANTIATE_TEST_SUITE_P(Fluid, NetworkContract, testing::Values(…)).
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "runtime/base/random.hpp"
#include "sim/net/network.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/net/network_taps.hpp"
#include "sim/net/rate_trace.hpp"

namespace millrace {

struct NetworkUnderTest {
  std::string name;
  Transport transport;
  std::function<Result<std::unique_ptr<Network>>(const NetworkSpec&, const NetworkTaps&)> make;
};
inline void PrintTo(const NetworkUnderTest& network, std::ostream* out) { *out << network.name; }
inline std::string name_of_network(const testing::TestParamInfo<NetworkUnderTest>& info) {
  return info.param.name;
}

inline constexpr DeviceId kA{0}, kB{1}, kC{2}, kD{3};

inline Time at_ms(std::int64_t ms) { return Time::zero() + Duration::ms(ms); }

// 10 Mbit/s until 1 s, 0 until `back` (or for ever), then 10 Mbit/s again.
inline LinkRate outage_from_1s(std::optional<Duration> back) {
  std::vector<RateStep> steps{{Duration{}, BitRate::mbit(10)}, {Duration::s(1), BitRate(0)}};
  if (back) steps.push_back({*back, BitRate::mbit(10)});
  const Duration end = steps.back().from + Duration::s(1);
  return std::make_shared<const RateTrace>(RateTrace::make(std::move(steps), end, TraceEnd::hold).value());
}

class NetworkContract : public testing::TestWithParam<NetworkUnderTest> {
 protected:
  // Both directions alike.
  void join(DeviceId a, DeviceId b, LinkRate rate, Duration delay, double loss = 0) {
    spec_.devices.resize(std::max<std::size_t>({spec_.devices.size(), a.value + 1U, b.value + 1U}));
    for (std::size_t i = 0; i < spec_.devices.size(); ++i) spec_.devices[i] = std::string(1, char('a' + i));
    for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)})
      spec_.links.push_back({from, to, rate, delay, Bytes::kib(64), loss});
  }
  // A line of three, 10 and 20 Mbit/s.
  void join_line() {
    join(kA, kB, BitRate::mbit(10), Duration::ms(5));
    join(kB, kC, BitRate::mbit(20), Duration::ms(3));
  }
  void build() {
    network_.reset();  // one at a time
    spec_.transport = GetParam().transport;
    auto made = GetParam().make(spec_, taps_);
    ASSERT_TRUE(made.ok()) << made.error().message;
    network_ = std::move(*made);
    submitted_.clear();
  }
  std::uint64_t send(Time depart, DeviceId from, DeviceId to, std::int64_t bytes) {
    const std::uint64_t id = submitted_.size();
    submitted_.push_back(depart);
    network_->submit(depart, {TransferId{id}, from, to, Bytes(bytes)});
    return id;
  }
  std::vector<Delivery> drain(Time limit = Time::never()) {
    std::vector<Delivery> all;
    while (const auto delivery = network_->run_until(limit)) {
      EXPECT_EQ(network_->now(), delivery->at);
      expect_sum(*delivery);
      all.push_back(*delivery);
    }
    return all;
  }
  void expect_sum(const Delivery& d) const {
    EXPECT_EQ(d.queued + d.wire + d.propagation, d.at - submitted_.at(d.id.value));
    EXPECT_GE(d.queued, Duration{});
    EXPECT_GT(d.wire, Duration{});
    EXPECT_GE(d.propagation, Duration{});
  }
  static std::vector<std::uint64_t> ids(const std::vector<Delivery>& deliveries) {
    std::vector<std::uint64_t> result;
    for (const Delivery& d : deliveries) result.push_back(d.id.value);
    return result;
  }
  static std::vector<Time> instants(const std::vector<Delivery>& deliveries) {
    std::vector<Time> result;
    for (const Delivery& d : deliveries) result.push_back(d.at);
    return result;
  }
  // Some traffic over a line with loss.
  std::vector<Delivery> lossy_traffic() {
    spec_ = {};
    join(kA, kB, BitRate::mbit(10), Duration::ms(5), 0.02);
    join(kB, kC, BitRate::mbit(20), Duration::ms(3), 0.02);
    build();
    for (int i = 0; i < 6; ++i) {
      send(at_ms(10 * i), kA, kC, 40'000);
      send(at_ms(10 * i), kC, kB, 20'000);
    }
    return drain();
  }

  NetworkSpec spec_;
  NetworkTaps taps_;
  std::unique_ptr<Network> network_;
  std::vector<Time> submitted_;
};

TEST_P(NetworkContract, NothingUnderWayOnlyMovesTheClock) {
  join_line();
  build();
  EXPECT_EQ(network_->now(), Time::zero());
  EXPECT_FALSE(network_->run_until(at_ms(10)));
  EXPECT_EQ(network_->now(), at_ms(10));
  EXPECT_FALSE(network_->run_until(at_ms(10)));
  EXPECT_FALSE(network_->run_until(Time::never()));
  EXPECT_LT(network_->now(), Time::never());
}

TEST_P(NetworkContract, TheQuestionStopEndsAPullAndTheNextOneGoesOn) {
  join(kA, kB, BitRate::mbit(1), Duration::ms(1));
  bool stop = true;
  int asked = 0;
  taps_.stop = [&] { return ++asked, stop; };
  build();
  const int count = 2 * NetworkTaps::kEventsPerQuestion;  // each is at least one event
  for (int i = 0; i < count; ++i) send(at_ms(2 * i), kA, kB, 100);
  const auto some = drain();
  EXPECT_GE(asked, 1);
  EXPECT_LT(some.size(), submitted_.size());
  EXPECT_LT(network_->now(), at_ms(2 * count));
  stop = false;
  EXPECT_EQ(some.size() + drain().size(), submitted_.size());
  EXPECT_GE(asked, 2);  // at least once more
}

TEST_P(NetworkContract, DeliversEachTransferOnce) {
  join_line();
  build();
  send(at_ms(0), kA, kB, 1);
  send(at_ms(0), kA, kB, 100'000);
  send(at_ms(50), kB, kA, 3000);
  const auto all = drain();
  EXPECT_EQ(all.size(), 3U);
  EXPECT_TRUE(drain().empty());
}

TEST_P(NetworkContract, WhatHappensAtTheLimitIsNotRun) {
  join_line();
  build();
  send(at_ms(1), kA, kB, 20'000);
  const Time arrival = drain().at(0).at;
  build();
  send(at_ms(1), kA, kB, 20'000);
  EXPECT_FALSE(network_->run_until(arrival));
  EXPECT_EQ(network_->now(), arrival);
  const auto delivery = network_->run_until(arrival + Duration::ns(1));
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->at, arrival);
  EXPECT_EQ(network_->now(), arrival);
}

TEST_P(NetworkContract, ATransferThatDepartsAtTheLimitWaits) {
  join_line();
  build();
  send(at_ms(5), kA, kB, 100);
  EXPECT_FALSE(network_->run_until(at_ms(5)));
  send(at_ms(5), kA, kB, 100);
  EXPECT_EQ(ids(drain()), (std::vector<std::uint64_t>{0, 1}));
}

TEST_P(NetworkContract, ArrivalsDoNotDependOnHowTheNetworkIsPulled) {
  join_line();
  const auto traffic = [this] {
    build();
    for (int i = 0; i < 5; ++i) {
      send(at_ms(7 * i), kA, kC, 15'000);
      send(at_ms(7 * i), kC, kA, 9'000);
    }
  };
  traffic();
  const auto whole = drain();
  ASSERT_EQ(whole.size(), 10U);
  traffic();
  std::vector<Delivery> pieces;
  Random random(7, "pull");
  while (pieces.size() < whole.size() && network_->now() < at_ms(60'000)) {
    const Time limit = network_->now() + Duration::ns(1 + std::int64_t(random.below(3'000'000)));
    for (const Delivery& d : drain(limit)) pieces.push_back(d);
    EXPECT_EQ(network_->now(), limit);
  }
  EXPECT_EQ(ids(pieces), ids(whole));
  EXPECT_EQ(instants(pieces), instants(whole));
}

TEST_P(NetworkContract, EqualDeparturesGoInTheOrderOfSubmission) {
  join_line();
  build();
  for (int i = 0; i < 8; ++i) send(at_ms(3), kA, kB, 5000 - 500 * i);
  EXPECT_EQ(ids(drain()), (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_P(NetworkContract, APairKeepsTheOrderOfDeparture) {
  join_line();
  build();
  send(at_ms(200), kA, kC, 1000);
  send(at_ms(100), kA, kC, 200'000);
  send(at_ms(150), kA, kC, 1);
  EXPECT_EQ(ids(drain()), (std::vector<std::uint64_t>{1, 2, 0}));
}

TEST_P(NetworkContract, DeliveriesAtOneInstantComeInTheOrderOfSubmission) {
  join(kA, kB, BitRate::mbit(10), Duration::ms(5));
  join(kC, kD, BitRate::mbit(10), Duration::ms(5));
  build();
  send(at_ms(2), kC, kD, 10'000);
  send(at_ms(2), kA, kB, 10'000);
  send(at_ms(2), kD, kC, 10'000);
  const auto all = drain();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].at, all[1].at);
  EXPECT_EQ(all[1].at, all[2].at);
  EXPECT_EQ(ids(all), (std::vector<std::uint64_t>{0, 1, 2}));
}

TEST_P(NetworkContract, DeliveriesAtOneInstantComeInTheOrderOfDeparture) {
  join(kA, kB, BitRate::mbit(10), Duration::ms(5));
  join(kC, kD, BitRate::mbit(10), Duration::ms(2));
  build();
  send(at_ms(10), kC, kD, 10'000);
  send(at_ms(7), kA, kB, 10'000);
  const auto all = drain();
  ASSERT_EQ(all.size(), 2U);
  // Over different delays the handshakes of TCP differ, and so do the arrivals.
  if (GetParam().transport == Transport::raw) {
    EXPECT_EQ(all[0].at, all[1].at);
  }
  EXPECT_EQ(ids(all),
            all[0].at == all[1].at ? (std::vector<std::uint64_t>{1, 0}) : (std::vector<std::uint64_t>{0, 1}));
}

TEST_P(NetworkContract, ADeliveryMayBeAnsweredAtItsInstant) {
  join_line();
  build();
  send(at_ms(0), kA, kC, 10'000);
  Time last;
  for (int i = 0; i < 6; ++i) {
    const auto delivery = network_->run_until(Time::never());
    ASSERT_TRUE(delivery);
    EXPECT_GT(delivery->at, last);
    last = delivery->at;
    send(last, i % 2 == 0 ? kC : kA, i % 2 == 0 ? kA : kC, 10'000);
  }
}

TEST_P(NetworkContract, HopsAddUp) {
  join_line();
  build();
  send(at_ms(0), kA, kC, 100'000);
  const auto all = drain();
  ASSERT_EQ(all.size(), 1U);
  // 800,000 bit at 10 Mbit/s and 5 + 3 ms on the way are unavoidable.
  EXPECT_GT(all[0].at, at_ms(88));
  EXPECT_GE(all[0].propagation, Duration::ms(8));
}

TEST_P(NetworkContract, AnOutageHolds) {
  join(kA, kB, outage_from_1s(Duration::s(3)), Duration::ms(5));
  build();
  send(at_ms(900), kA, kB, 250'000);  // 2 Mbit: at most half of it before the outage
  send(at_ms(1500), kA, kB, 1000);
  const auto all = drain();
  EXPECT_EQ(ids(all), (std::vector<std::uint64_t>{0, 1}));
  EXPECT_GT(all.at(0).at, at_ms(3000));
  // Retransmission time-outs double: TCP's next retry may come as much later as the outage was long.
  EXPECT_LT(all.at(1).at, at_ms(6000));
}

TEST_P(NetworkContract, AnOutageWithoutEndHoldsForEver) {
  join(kA, kB, outage_from_1s(std::nullopt), Duration::ms(5));
  join(kC, kD, BitRate::mbit(10), Duration::ms(5));
  build();
  send(at_ms(0), kA, kB, 10'000);
  send(at_ms(950), kA, kB, 1'000'000);
  send(at_ms(2000), kA, kB, 1000);
  send(at_ms(2500), kC, kD, 1000);
  EXPECT_EQ(ids(drain(at_ms(10'000))), (std::vector<std::uint64_t>{0, 3}));
  EXPECT_EQ(network_->now(), at_ms(10'000));
  EXPECT_FALSE(network_->run_until(Time::never()));
  EXPECT_LT(network_->now(), Time::never());
  send(network_->now(), kC, kD, 1000);
  EXPECT_EQ(ids(drain()), (std::vector<std::uint64_t>{4}));
}

TEST_P(NetworkContract, LossDelaysButNothingIsLost) {
  const auto all = lossy_traffic();
  EXPECT_EQ(all.size(), 12U);
}

TEST_P(NetworkContract, TwoNetworksInOneProcessAreAlike) {
  const auto first = lossy_traffic();
  const auto second = lossy_traffic();
  EXPECT_EQ(ids(first), ids(second));
  EXPECT_EQ(instants(first), instants(second));
}

TEST_P(NetworkContract, InvalidSpecsAreRefused) {
  join_line();
  spec_.transport = GetParam().transport;
  spec_.links[1].to = spec_.links[1].from;
  const auto made = GetParam().make(spec_, taps_);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().message, "network: link b -> b must join two different devices");
  EXPECT_EQ(made.error().code, ExitCode::invalid_input);
}

}  // namespace millrace
