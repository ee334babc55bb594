#include "runtime/node/wall_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "tests/node/parts.hpp"

namespace millrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Clock = WallNode::Clock;

// Records the calls of the node's hooks; tests wait for them, at most 20 s.
class Heard {
 public:
  WallNode::Hooks hooks() {
    return {.send = [this](Time, NodeId, const Message&) { note([&] { ++sends; }); },
            .report =
                [this](Time, const std::vector<Record>& records, bool finished) {
                  note([&] {
                    reported += records.size();
                    over = over || finished;
                  });
                },
            .fail = [this](const Error& error) { note([&] { failures.push_back(error.message); }); }};
  }
  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), condition);
  }
  template <class Note>
  void note(Note take) {
    {
      const std::lock_guard lock(mutex_);
      take();
    }
    changed_.notify_all();
  }

  int sends = 0;
  std::size_t reported = 0;
  bool over = false;
  std::vector<std::string> failures;
  std::vector<std::uint64_t> numbers;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

class AWallNode : public testing::Test {
 protected:
  AWallNode() : scripted_(std::make_unique<ScriptedNode>()), script_(*scripted_) {}
  ~AWallNode() override { node_.reset(); }

  void build(Duration cost = {}, std::function<Result<Outcome>(const Work&)> work = nothing_to_do) {
    node_ = std::make_unique<WallNode>(
        VirtualNode::Parts{std::move(scripted_), std::make_unique<ScriptedExecutor>(std::move(work)),
                           std::make_unique<FlatCost>(cost)},
        heard_.hooks());
  }
  void note_microbatches() {
    script_.message = [this](Time, const Message& message, Outbox&) {
      heard_.note([&] { heard_.numbers.push_back(std::get<Activation>(message).microbatch.value); });
      return Result<void>{};
    };
  }
  void compute_at_start() {
    script_.start = [](Time, Outbox& out) {
      out.compute(JobId{0}, Work{});
      return Result<void>{};
    };
  }

  std::unique_ptr<ScriptedNode> scripted_;
  ScriptedNode& script_;
  Heard heard_;
  std::unique_ptr<WallNode> node_;
};

TEST_F(AWallNode, MessagesBeforeItsStartWaitInOrder) {
  note_microbatches();
  build();
  node_->deliver(kUpstream, microbatch(0));
  node_->deliver(kUpstream, microbatch(1));
  node_->start(Clock::now());
  ASSERT_TRUE(heard_.wait([&] { return heard_.numbers.size() == 2; }));
  EXPECT_THAT(heard_.numbers, ElementsAre(0, 1));
}

TEST_F(AWallNode, SendsReportsAndFinishes) {
  script_.start = [](Time, Outbox& out) {
    out.send(kDownstream, grant(1));
    out.record(LinkSample{});
    out.finish();
    return Result<void>{};
  };
  build();
  node_->start(Clock::now());
  ASSERT_TRUE(heard_.wait([&] { return heard_.over; }));
  EXPECT_EQ(heard_.sends, 1);
  EXPECT_EQ(heard_.reported, 1U);
}

TEST_F(AWallNode, MoreMessagesThanItHoldsAreAFailureSaidOnce) {
  MeetingPoint gate(2);
  script_.start = [&gate](Time, Outbox&) {
    gate.meet();
    return Result<void>{};
  };
  build();
  node_->start(Clock::now());  // stays in its first event
  for (std::size_t i = 0; i < WallNode::kMaxWaiting; ++i) node_->deliver(kUpstream, grant(1));
  EXPECT_TRUE(heard_.failures.empty());
  node_->deliver(kUpstream, grant(1));
  node_->deliver(kUpstream, grant(1));
  ASSERT_EQ(heard_.failures.size(), 1U);
  EXPECT_THAT(heard_.failures[0], HasSubstr("its neighbours send more than fits: 4096 messages wait"));
  gate.meet();
}

TEST_F(AWallNode, AfterAFailureItDoesNothing) {
  script_.message = [this](Time, const Message&, Outbox&) -> Result<void> {
    heard_.note([&] { heard_.numbers.push_back(1); });
    throw std::runtime_error("boom");
  };
  build();
  node_->deliver(kUpstream, grant(1));
  node_->deliver(kUpstream, grant(1));
  node_->start(Clock::now());
  ASSERT_TRUE(heard_.wait([&] { return !heard_.failures.empty(); }));
  EXPECT_THAT(heard_.failures, ElementsAre("a node's reaction: boom"));
  node_.reset();
  EXPECT_EQ(heard_.numbers.size(), 1U);
}

TEST_F(AWallNode, AnExecutorsErrorFails) {
  compute_at_start();
  build({}, [](const Work&) -> Result<Outcome> { return Error{"no weights"}; });
  node_->start(Clock::now());
  ASSERT_TRUE(heard_.wait([&] { return !heard_.failures.empty(); }));
  EXPECT_THAT(heard_.failures, ElementsAre("no weights"));
}

TEST_F(AWallNode, WorkTakesTheProfilesTime) {
  compute_at_start();
  std::promise<Duration> measured;
  script_.computed = [&](Time, JobId, const Outcome& made, Outbox&) {
    measured.set_value(made.measured.total());
    return Result<void>{};
  };
  build(Duration::ms(30));
  const auto begin = Clock::now();
  node_->start(begin);
  EXPECT_EQ(measured.get_future().get(), Duration::ms(30));
  EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(30));
}

TEST_F(AWallNode, WorkSlowerThanItsProfileShowsTheTimeItTook) {
  compute_at_start();
  std::promise<Duration> measured;
  script_.computed = [&](Time, JobId, const Outcome& made, Outbox&) {
    measured.set_value(made.measured.total());
    return Result<void>{};
  };
  build(Duration::ns(1), [](const Work&) -> Result<Outcome> {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return outcome(1, {{}, Duration::ms(7), {}});
  });
  node_->start(Clock::now());
  EXPECT_EQ(measured.get_future().get(), Duration::ms(7));
}

TEST_F(AWallNode, DoesNotSleepOutItsProfileAfterTheEnd) {
  compute_at_start();
  MeetingPoint begun(2);
  build(Duration::s(3600), [&begun](const Work&) -> Result<Outcome> {
    begun.meet();
    return Outcome{};
  });
  const auto begin = Clock::now();
  node_->start(begin);
  ASSERT_TRUE(begun.meet());
  node_.reset();
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(60)) << "far below an hour, far above a busy machine";
}

TEST_F(AWallNode, TimersRunByInstantThenByOrder) {
  script_.start = [](Time, Outbox& out) {
    for (const auto& [us, id] : {std::pair(2000, 4U), std::pair(1000, 8U), std::pair(1000, 3U)})
      out.wake_at(Time::zero() + Duration::us(us), TimerId{id});
    return Result<void>{};
  };
  script_.timer = [this](Time now, TimerId id, Outbox&) {
    EXPECT_GE(now, Time::zero() + Duration::us(1000));
    heard_.note([&] { heard_.numbers.push_back(id.value); });
    return Result<void>{};
  };
  build();
  node_->start(Clock::now());
  ASSERT_TRUE(heard_.wait([&] { return heard_.numbers.size() == 3; }));
  EXPECT_THAT(heard_.numbers, ElementsAre(8, 3, 4));
}

TEST_F(AWallNode, TimersWithoutEndDoNotKeepItFromStopping) {
  script_.start = [](Time, Outbox& out) {
    out.wake_at(Time::zero(), TimerId{0});
    return Result<void>{};
  };
  script_.timer = [this](Time, TimerId, Outbox& out) {
    out.wake_at(Time::zero(), TimerId{0});
    heard_.note([&] { ++heard_.sends; });
    return Result<void>{};
  };
  build();
  node_->start(Clock::now());
  ASSERT_TRUE(heard_.wait([&] { return heard_.sends > 10; }));
  node_.reset();  // returns
}

TEST_F(AWallNode, NeverStartedItStillStops) {
  build();
  node_->deliver(kUpstream, grant(1));
  node_.reset();
}

}  // namespace
}  // namespace millrace
