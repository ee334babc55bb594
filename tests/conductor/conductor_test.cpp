#include "runtime/conductor/conductor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Time at(std::int64_t ms) { return Time::zero() + Duration::ms(ms); }

class Requests final : public ConductorOutbox {
 public:
  void order(DeviceId to, const Order& order) override { orders.emplace_back(to.value, order); }
  void plan(std::uint64_t number, const std::vector<bool>& usable) override {
    asked = number;
    devices = usable;
    ++questions;
  }
  void wake_at(Time when) override { wakes.push_back(when); }
  void record(const RecoveryRecord& record) override { records.push_back(record); }

  std::vector<std::pair<std::uint32_t, Order>> orders;
  std::uint64_t asked = 0;
  int questions = 0;
  std::vector<bool> devices;
  std::vector<Time> wakes;
  std::vector<RecoveryRecord> records;
};

// Device 0 has source and sink; 1 and 2 the stages; 3 is spare. Heartbeat 100 ms.
class AConductor : public testing::Test {
 protected:
  static Plan plan_on(std::uint32_t first, std::uint32_t second) {
    return {{0}, {0}, {{{first}, {1, 4}}, {{second}, {5, 8}}}};
  }
  void begin(Duration patience = {}) {
    conductor_.emplace(Conductor::Config{.plan = plan_on(1, 2),
                                         .devices = {"host", "a", "b", "spare"},
                                         .present = {true, true, true, true},
                                         .heartbeat = Duration::ms(100),
                                         .patience = patience});
    ASSERT_TRUE(conductor_->on_start(at(0), out_).ok());
  }
  Result<void> hear(std::int64_t ms, std::uint32_t device, std::uint32_t epoch, std::uint64_t recorded = 0) {
    auto& status = says_[device];
    status.device = {device};
    ++status.number;
    status.epoch = Epoch{epoch};
    status.loaded = status.begun = true;
    status.recorded = {recorded};
    return conductor_->on_status(at(ms), status, out_);
  }
  void all_heard(std::int64_t ms, std::uint32_t epoch, std::uint64_t recorded = 0) {
    for (const std::uint32_t device : {0U, 1U, 2U, 3U})
      ASSERT_TRUE(hear(ms, device, epoch, device == 0 ? recorded : 0).ok());
  }
  Result<void> planned(std::int64_t ms, Result<Plan> plan) {
    return conductor_->on_planned(at(ms), out_.asked, std::move(plan), out_);
  }
  // The orders of the epoch, as devices, in order.
  std::vector<std::uint32_t> ordered(std::uint32_t epoch, bool with_first) const {
    std::vector<std::uint32_t> devices;
    for (const auto& [device, order] : out_.orders)
      if (order.epoch == Epoch{epoch} && order.first.has_value() == with_first) devices.push_back(device);
    return devices;
  }

  std::optional<Conductor> conductor_;
  std::map<std::uint32_t, Status> says_;
  Requests out_;
};

TEST_F(AConductor, GivesADeviceUpWhenItIsSilentForTwoHeartbeats) {
  begin();
  EXPECT_THAT(out_.wakes, ElementsAre(at(200)));
  for (const std::uint32_t device : {0U, 2U, 3U}) ASSERT_TRUE(hear(150, device, 0).ok());
  ASSERT_TRUE(conductor_->on_timer(at(199), out_).ok());
  EXPECT_EQ(out_.questions, 0);
  ASSERT_TRUE(conductor_->on_timer(at(200), out_).ok());
  EXPECT_EQ(out_.questions, 1);
  EXPECT_THAT(out_.devices, ElementsAre(true, false, true, true));
}

TEST_F(AConductor, MovesTheRunToAPlanWithoutTheDeviceThatIsLost) {
  begin();
  all_heard(50, 0, 7);
  ASSERT_TRUE(conductor_->on_lost(at(60), {1}, 0, out_).ok());
  ASSERT_TRUE(planned(65, plan_on(3, 2)).ok());
  EXPECT_THAT(ordered(1, false), ElementsAre(0, 2, 3)) << "all that live";
  EXPECT_THAT(ordered(1, true), IsEmpty());
  ASSERT_TRUE(hear(70, 3, 1).ok());
  ASSERT_TRUE(hear(75, 0, 1, 9).ok());
  EXPECT_THAT(ordered(1, true), IsEmpty()) << "b is not ready";
  ASSERT_TRUE(hear(80, 2, 1).ok());
  EXPECT_THAT(ordered(1, true), ElementsAre(0));
  EXPECT_EQ(out_.orders.back().second.first, MicrobatchId{9}) << "what the sink had when it was fenced off";
  EXPECT_THAT(out_.records, IsEmpty());
  ASSERT_TRUE(hear(95, 0, 1, 10).ok());
  ASSERT_EQ(out_.records.size(), 1U);
  const auto& record = out_.records[0];
  EXPECT_EQ(record.cause, "crash");
  EXPECT_EQ(record.device, DeviceId{1});
  EXPECT_EQ(record.fault, at(50)) << "when it was last heard";
  EXPECT_EQ(record.noticed, at(60));
  EXPECT_EQ(record.planned, at(65));
  EXPECT_EQ(record.loaded, at(80));
  EXPECT_EQ(record.first_result, at(95));
}

TEST_F(AConductor, RepeatsAnOrderUntilTheDeviceShowsThatItHasIt) {
  begin();
  ASSERT_TRUE(conductor_->on_lost(at(60), {1}, 0, out_).ok());
  ASSERT_TRUE(planned(65, plan_on(3, 2)).ok());
  out_.orders.clear();
  ASSERT_TRUE(hear(70, 3, 0).ok());
  EXPECT_THAT(ordered(1, false), ElementsAre(3));
  ASSERT_TRUE(hear(75, 3, 1).ok());
  EXPECT_THAT(ordered(1, false), ElementsAre(3));
}

TEST_F(AConductor, LosingASpareChangesNothing) {
  begin();
  ASSERT_TRUE(conductor_->on_lost(at(60), {3}, 0, out_).ok());
  EXPECT_EQ(out_.questions, 0);
  ASSERT_TRUE(conductor_->on_lost(at(70), {1}, 0, out_).ok());
  EXPECT_THAT(out_.devices, ElementsAre(true, false, true, false));
}

TEST_F(AConductor, ADeviceThatMissedAHeartbeatGetsNoPartInANewPlan) {
  begin();
  for (const std::uint32_t device : {0U, 1U, 3U}) ASSERT_TRUE(hear(100, device, 0).ok());
  ASSERT_TRUE(conductor_->on_lost(at(150), {1}, 0, out_).ok());
  EXPECT_THAT(out_.devices, ElementsAre(true, false, false, true)) << "b was last heard 150 ms ago";
}

TEST_F(AConductor, ADeviceThatRestartedUnnoticedHasLostWhatItHeld) {
  begin();
  all_heard(50, 0);
  says_[1].incarnation = 1;
  says_[1].number = 0;
  ASSERT_TRUE(hear(80, 1, 0).ok());
  EXPECT_THAT(out_.devices, ElementsAre(true, true, true, true)) << "it may be used again";
  ASSERT_TRUE(conductor_->on_lost(at(90), {1}, 0, out_).ok());
  EXPECT_EQ(out_.questions, 1) << "the connection of its earlier life";
}

TEST_F(AConductor, OutdatedStatusesAreIgnored) {
  begin();
  all_heard(50, 0, 5);
  auto late = says_[0];
  late.number = 1;
  late.epoch.reset();
  late.recorded = {2};
  says_[0].number = 2;
  ASSERT_TRUE(hear(60, 0, 0, 6).ok());
  ASSERT_TRUE(conductor_->on_status(at(70), late, out_).ok());
  EXPECT_EQ(conductor_->recorded(), MicrobatchId{6});
  EXPECT_THAT(ordered(0, false), IsEmpty());
}

TEST_F(AConductor, WhatBrokeWaitsUntilAllOthersWereHeard) {
  begin();
  all_heard(50, 0);
  says_[2].broken = "its connection to a ended";
  ASSERT_TRUE(hear(60, 2, 0).ok());
  EXPECT_EQ(out_.questions, 0);
  ASSERT_TRUE(hear(70, 0, 0).ok());
  EXPECT_EQ(out_.questions, 0) << "a may be the cause";
  ASSERT_TRUE(conductor_->on_lost(at(75), {1}, 0, out_).ok());
  EXPECT_EQ(out_.questions, 1);
  EXPECT_THAT(out_.devices, ElementsAre(true, false, true, true));
}

TEST_F(AConductor, WhatBreaksEachTimeEndsTheRun) {
  begin();
  std::int64_t now = 50;
  for (std::uint32_t epoch = 0;; ++epoch, now += 10) {
    says_[2].broken = "no such kernel";
    ASSERT_TRUE(hear(now, 2, epoch).ok());
    ASSERT_TRUE(hear(now + 1, 0, epoch).ok());
    const auto done = hear(now + 1, 1, epoch);
    if (!done) {
      EXPECT_EQ(epoch + 1, std::uint32_t{Conductor::kMostFruitless});
      EXPECT_THAT(done.error().message, HasSubstr("no such kernel"));
      return;
    }
    ASSERT_TRUE(planned(now + 2, plan_on(1, 2)).ok());
    says_[2].broken.clear();
    all_heard(now + 3, epoch + 1);
  }
}

// The epoch has no first microbatch yet: the source must not be told of an earlier one's.
TEST_F(AConductor, WhatBreaksWhileItIsLoadedDoesNotBegin) {
  begin();
  all_heard(50, 0, 7);
  ASSERT_TRUE(conductor_->on_lost(at(60), {1}, 0, out_).ok());
  ASSERT_TRUE(planned(65, plan_on(3, 2)).ok());
  says_[2].broken = "no memory";
  ASSERT_TRUE(hear(70, 2, 1).ok());
  says_[0].begun = false;
  auto status = says_[0];
  status.number = 9;
  status.epoch = Epoch{1};
  status.begun = false;
  ASSERT_TRUE(conductor_->on_status(at(71), status, out_).ok());
  EXPECT_THAT(ordered(1, true), IsEmpty());
}

TEST_F(AConductor, SourceAndSinkCannotBeReplaced) {
  begin();
  const auto lost = conductor_->on_lost(at(60), {0}, 0, out_);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ExitCode::peer_lost);
  EXPECT_THAT(lost.error().message, HasSubstr("device host was lost (crash): it has the source"));
}

TEST_F(AConductor, EndsTheRunWhereNoPlanFits) {
  begin();
  ASSERT_TRUE(conductor_->on_lost(at(60), {1}, 0, out_).ok());
  const auto ended = planned(61, Error{"too little memory"});
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ExitCode::peer_lost);
  EXPECT_THAT(ended.error().message, HasSubstr("device a was lost (crash), and no plan fits"));
  EXPECT_THAT(ended.error().message, HasSubstr("too little memory"));
}

TEST_F(AConductor, WaitsForDevicesAsLongAsItsPatienceLasts) {
  begin(Duration::ms(150));
  ASSERT_TRUE(conductor_->on_lost(at(60), {1}, 0, out_).ok());
  ASSERT_TRUE(planned(61, Error{"too little memory"}).ok());
  all_heard(100, 0);
  EXPECT_EQ(out_.questions, 2) << "a is back: its status of 100 ms came after the loss";
  ASSERT_TRUE(planned(101, Error{"too little memory"}).ok());
  all_heard(190, 0);
  const auto ended = conductor_->on_timer(at(211), out_);
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message, HasSubstr("after waiting 0.15 s"));
}

TEST_F(AConductor, AnAnswerWithADeviceThatIsLostMeanwhileIsAskedAgain) {
  begin();
  ASSERT_TRUE(conductor_->on_lost(at(60), {1}, 0, out_).ok());
  ASSERT_TRUE(conductor_->on_lost(at(62), {3}, 0, out_).ok());
  ASSERT_TRUE(planned(65, plan_on(3, 2)).ok());
  EXPECT_EQ(conductor_->epoch(), Epoch{0});
  EXPECT_EQ(out_.questions, 2);
  EXPECT_THAT(out_.devices, ElementsAre(true, false, true, false));
}

TEST_F(AConductor, AFaultDuringARecoveryEndsThatEpochWithoutAResult) {
  begin();
  ASSERT_TRUE(conductor_->on_lost(at(60), {1}, 0, out_).ok());
  ASSERT_TRUE(planned(61, plan_on(3, 2)).ok());
  ASSERT_TRUE(conductor_->on_lost(at(62), {3}, 0, out_).ok());
  ASSERT_EQ(out_.records.size(), 1U);
  EXPECT_EQ(out_.records[0].epoch, Epoch{1});
  EXPECT_FALSE(out_.records[0].loaded);
  ASSERT_TRUE(planned(63, Plan{{0}, {0}, {{{2}, {1, 8}}}}).ok());
  EXPECT_EQ(conductor_->epoch(), Epoch{2});
}

}  // namespace
}  // namespace millrace
