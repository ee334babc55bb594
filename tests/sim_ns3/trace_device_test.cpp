#include "sim/ns3/trace_device.hpp"

#include <gtest/gtest.h>

#include "sim/ns3/simulation.hpp"

namespace millrace {
namespace {

Time us(std::int64_t n) { return Time::zero() + Duration::us(n); }
Time ms(std::int64_t n) { return us(1000 * n); }

class Device : public testing::Test {
 protected:
  void link(LinkRate rate, Duration delay = {}, Bytes queue = Bytes::kib(64), double loss = 0,
            bool repeats_lost = false) {
    for (auto& device : devices_) {
      device = ns3::CreateObject<TraceDevice>();
      ns3::CreateObject<ns3::Node>()->AddDevice(device);
    }
    TraceDevice::join(devices_[0], devices_[1]);
    devices_[0]->set_sender({.rate = std::move(rate),
                             .delay = delay,
                             .queue = queue,
                             .loss = loss,
                             .repeats_lost = repeats_lost,
                             .random = Random(1, "loss/test")});
    devices_[1]->SetReceiveCallback([this](ns3::Ptr<ns3::NetDevice>, ns3::Ptr<const ns3::Packet> packet,
                                           std::uint16_t, const ns3::Address&) {
      arrivals_.emplace_back(Simulation::now(), packet->GetSize());
      return true;
    });
  }
  void send(Time at, std::uint32_t bytes) {
    Simulation::at(at, [this, bytes] {
      devices_[0]->Send(ns3::Create<ns3::Packet>(bytes), devices_[1]->GetAddress(), 0x88B5);
    });
  }
  std::vector<Time> run() {
    Simulation::run_before(Time::never());
    std::vector<Time> instants;
    for (const auto& [at, size] : arrivals_) instants.push_back(at);
    return instants;
  }

  std::uint64_t before_ = 0;
  std::unique_ptr<Simulation> simulation_ = Simulation::take().value();
  std::array<ns3::Ptr<TraceDevice>, 2> devices_;
  std::vector<std::pair<Time, std::uint32_t>> arrivals_;
};

LinkRate steps(std::vector<RateStep> list) {
  const Duration end = list.back().from + Duration::s(1);
  return std::make_shared<const RateTrace>(RateTrace::make(std::move(list), end, TraceEnd::hold).value());
}

TEST_F(Device, ARateStepInMidPacketCountsFromItsInstant) {
  link(steps({{Duration{}, BitRate::mbit(12)}, {Duration::us(1500), BitRate::mbit(4)}}), Duration::ms(5));
  send(ms(0), 1500);
  send(ms(0), 1500);  // 6,000 bit before the step, 6,000 at a third of the rate
  EXPECT_EQ(run(), (std::vector<Time>{ms(6), ms(8)}));
}

TEST_F(Device, AnOutageInMidPacketHolds) {
  link(steps({{Duration{}, BitRate::mbit(12)},
              {Duration::us(500), BitRate(0)},
              {Duration::ms(9), BitRate::mbit(12)}}));
  send(ms(0), 1500);
  send(ms(3), 1500);
  EXPECT_EQ(run(), (std::vector<Time>{us(9500), us(10'500)}));
}

TEST_F(Device, MahimahiPacketsShareAndStraddleOpportunities) {
  link(std::make_shared<const DeliverySchedule>(DeliverySchedule::make({2, 3, 3, 10}).value()),
       Duration::ms(1));
  for (int i = 0; i < 4; ++i) send(ms(0), 700);  // 704 each: two in one opportunity, the third straddles
  send(ms(0), 1500);
  send(ms(3), 1500);  // too late for the opportunities of the same instant
  EXPECT_EQ(run(), (std::vector<Time>{ms(3), ms(3), ms(4), ms(4), ms(4 + 0), ms(11)}));
}

TEST_F(Device, DropsAtTheTailWhatItsQueueDoesNotHold) {
  link(BitRate::mbit(12), {}, Bytes(3000));
  for (int i = 0; i < 5; ++i) send(ms(0), 1500);  // one leaves, two wait
  send(ms(1) + Duration::ns(1), 1500);            // room again
  EXPECT_EQ(run(), (std::vector<Time>{ms(1), ms(2), ms(3), ms(4)}));
  EXPECT_EQ(devices_[0]->dropped(), 2U);
}

TEST_F(Device, LossTakesItsShare) {
  link(BitRate::mbit(12), {}, Bytes::mib(4), 0.1);
  for (int i = 0; i < 2000; ++i) send(ms(0), 1500);
  run();
  EXPECT_EQ(arrivals_.size() + devices_[0]->lost(), 2000U);
  EXPECT_NEAR(static_cast<double>(devices_[0]->lost()), 200, 4 * std::sqrt(2000 * 0.1 * 0.9));  // 4 sigma
}

TEST_F(Device, ALostPacketIsRepeatedAtOnceWhereAskedFor) {
  link(BitRate::mbit(12), {}, Bytes::mib(4), 0.1, /*repeats_lost=*/true);
  for (int i = 0; i < 500; ++i) send(ms(0), 1500);
  const auto instants = run();
  ASSERT_EQ(instants.size(), 500U);
  EXPECT_EQ(instants.back(), ms(500 + static_cast<std::int64_t>(devices_[0]->lost())));
  EXPECT_GT(devices_[0]->lost(), 0U);
}

TEST(Simulation, OnlyOneAtATime) {
  const auto first = Simulation::take();
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(Simulation::take().ok());
}

TEST(Simulation, RunsEverythingBeforeTheLimitAndNothingAtIt) {
  const auto simulation = Simulation::take().value();
  std::string ran;
  const Time limit = ms(10);
  const Time last = limit - Duration::ns(1);
  Simulation::at(limit, [&] { ran += "at "; });
  Simulation::at(last, [&] {
    ran += "before ";
    Simulation::at(last, [&] { ran += "and-its-follower "; });  // scheduled after the stop
  });
  Simulation::run_before(limit);
  EXPECT_EQ(ran, "before and-its-follower ");
  Simulation::run_before(limit + Duration::ns(1));
  EXPECT_EQ(ran, "before and-its-follower at ");
}

// Gilbert 1960: loss p/(p+r) of packets, in bursts of 1/r; Elliott 1963: (r good + p bad)/(p+r).
TEST_F(Device, TheLossModelHasItsShareAndItsBursts) {
  struct Case {
    GilbertElliott model;
    double burst;  // mean number of packets lost in a row; 0: not known in closed form
  };
  for (const auto& [model, burst] :
       {Case{{0.02, 0.25, 0, 1}, 4}, Case{{0.01, 0.5, 0, 1}, 2}, Case{{0.05, 0.2, 0.01, 0.8}, 0}}) {
    arrivals_.clear();
    simulation_.reset();
    simulation_ = Simulation::take().value();
    link(BitRate::mbit(1000), {}, Bytes::mib(1024));
    devices_[0]->set_sender({.rate = BitRate::mbit(1000),
                             .delay = {},
                             .queue = Bytes::mib(1024),
                             .loss_model = model,
                             .random = Random(7, "loss/test")});
    std::vector<bool> arrived;
    devices_[0]->on_left([&](const TraceDevice::Left&) {
      arrived.push_back(devices_[0]->lost() == before_);
      before_ = devices_[0]->lost();
    });
    constexpr std::size_t kPackets = 400'000;
    for (std::size_t i = 0; i < kPackets; ++i) send(ms(0), 100);
    before_ = 0;
    run();
    const double lost = static_cast<double>(devices_[0]->lost()) / kPackets;
    EXPECT_NEAR(lost, model.mean_loss(), 0.03 * model.mean_loss());
    if (burst == 0) continue;
    std::size_t bursts = 0;
    for (std::size_t i = 1; i < arrived.size(); ++i) bursts += !arrived[i] && arrived[i - 1];
    EXPECT_NEAR(static_cast<double>(devices_[0]->lost()) / static_cast<double>(bursts), burst, 0.03 * burst);
  }
}

}  // namespace
}  // namespace millrace
