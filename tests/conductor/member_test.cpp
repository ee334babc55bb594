#include "runtime/conductor/member.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Time at(std::int64_t ms) { return Time::zero() + Duration::ms(ms); }

class Requests final : public MemberOutbox {
 public:
  void status(const Status& status) override { statuses.push_back(status); }
  void load(Epoch epoch, const Plan&) override { loads.push_back(epoch.value); }
  void begin(MicrobatchId first) override { begun.push_back(first.value); }
  void confirm(MicrobatchId next) override { confirmed.push_back(next.value); }
  void wake_at(Time when) override { wakes.push_back(when); }

  std::vector<Status> statuses;
  std::vector<std::uint32_t> loads;
  std::vector<std::uint64_t> begun, confirmed;
  std::vector<Time> wakes;
};

const Plan kPlan{{0}, {0}, {{{1}, {1, 8}}}};

class AMember : public testing::Test {
 protected:
  static Member member(bool source, Member::Start start = Member::Start::in_epoch_0) {
    return Member(
        {.device = {1}, .incarnation = 3, .heartbeat = Duration::ms(100), .start = start, .source = source});
  }
  static Order order(std::uint32_t epoch, std::optional<MicrobatchId> first = {},
                     std::uint64_t recorded = 0) {
    return {.epoch = {epoch}, .plan = kPlan, .first = first, .recorded = {recorded}};
  }
  Requests out_;
};

TEST_F(AMember, SaysHowItIsAtLeastOncePerHeartbeat) {
  auto stage = member(false);
  stage.on_start(at(0), out_);
  ASSERT_EQ(out_.statuses.size(), 1U);
  EXPECT_EQ(out_.statuses[0].incarnation, 3U);
  EXPECT_EQ(out_.statuses[0].epoch, Epoch{0});
  EXPECT_THAT(out_.wakes, ElementsAre(at(100)));
  stage.on_timer(at(100), out_);
  EXPECT_EQ(out_.statuses.size(), 2U);
  EXPECT_EQ(out_.statuses[1].number, 2U);
}

TEST_F(AMember, ANewsTakesThePlaceOfAHeartbeat) {
  auto stage = member(false);
  stage.on_start(at(0), out_);
  stage.on_recorded(at(60), {0}, out_);
  stage.on_timer(at(100), out_);
  EXPECT_EQ(out_.statuses.size(), 2U) << "the one of 60 ms is enough until 160 ms";
  EXPECT_EQ(out_.wakes.back(), at(160));
}

TEST_F(AMember, TakesMessagesOfItsEpochOnlyAndOnlyWhenItIsLoaded) {
  auto stage = member(false);
  EXPECT_TRUE(stage.takes({0}));
  stage.on_order(at(1), order(2), out_);
  EXPECT_THAT(out_.loads, ElementsAre(2U));
  EXPECT_FALSE(stage.takes({0})) << "late";
  EXPECT_FALSE(stage.takes({2})) << "not there yet";
  stage.on_loaded(at(2), {2}, Bytes(7), out_);
  EXPECT_TRUE(stage.takes({2}));
  EXPECT_EQ(out_.statuses.back().moved, Bytes(7));
}

TEST_F(AMember, IgnoresOrdersAndOutcomesOfEpochsThatAreOver) {
  auto stage = member(false);
  stage.on_order(at(1), order(2), out_);
  stage.on_order(at(2), order(1), out_);
  stage.on_order(at(3), order(2), out_);
  EXPECT_THAT(out_.loads, ElementsAre(2U)) << "late, and repeated";
  stage.on_loaded(at(4), {1}, {}, out_);
  stage.on_failed(at(4), {1}, "late", out_);
  EXPECT_FALSE(stage.takes({2}));
  EXPECT_THAT(stage.state().broken, IsEmpty());
}

TEST_F(AMember, TheSourceBeginsOnceEachNodeIsReady) {
  auto source = member(true);
  source.on_order(at(1), order(1), out_);
  source.on_order(at(1), order(1, MicrobatchId{4}), out_);
  EXPECT_THAT(out_.begun, IsEmpty()) << "its own are not ready";
  source.on_loaded(at(2), {1}, {}, out_);
  source.on_order(at(3), order(1, MicrobatchId{4}, 4), out_);
  source.on_order(at(4), order(1, MicrobatchId{4}, 4), out_);
  EXPECT_THAT(out_.begun, ElementsAre(4U));
  EXPECT_TRUE(out_.statuses.back().begun);
  source.on_order(at(5), order(1, MicrobatchId{4}, 6), out_);
  source.on_order(at(6), order(1, MicrobatchId{4}, 5), out_);
  EXPECT_THAT(out_.confirmed, ElementsAre(6U)) << "what was confirmed stays so";
}

TEST_F(AMember, ThatHasComeBackHoldsNothing) {
  auto stage = member(false, Member::Start::empty);
  stage.on_start(at(0), out_);
  EXPECT_FALSE(out_.statuses[0].epoch);
  EXPECT_FALSE(stage.takes({0}));
}

}  // namespace
}  // namespace millrace
