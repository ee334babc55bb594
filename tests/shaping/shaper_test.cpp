#include "runtime/shaping/shaper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace millrace {
namespace {

using testing::ElementsAre;
// A link that records the requested rates and their times; it may be slow, and may refuse one of them.
class FakeLink final : public ShapedLink {
 public:
  struct Request {
    BitRate rate;
    Shaper::Clock::time_point at;
  };
  FakeLink() = default;
  explicit FakeLink(std::size_t refused) : refused_(refused) {}

  Result<void> set(BitRate rate) override {
    const auto begin = Shaper::Clock::now();
    while (Shaper::Clock::now() < begin + takes) {
    }
    const std::lock_guard lock(mutex_);
    requests_.push_back({rate, begin});
    changed_.notify_all();
    if (requests_.size() == refused_) return Error{"changing the rate of fake0: no such device"};
    return {};
  }

  // Waits for `count` requests, at most 10 s, and returns all so far.
  std::vector<Request> requests(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return requests_.size() >= count; });
    return requests_;
  }
  std::vector<double> rates(std::size_t count) {
    std::vector<double> rates;
    for (const auto& request : requests(count)) rates.push_back(request.rate.mbit_per_s());
    return rates;
  }

  std::chrono::milliseconds takes{0};

 private:
  std::size_t refused_ = 0;  // counted from 1; 0: none
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Request> requests_;
};

// Gives the next rate of the list at every call, a millisecond apart, and the last one for ever. The requests
// do not depend on how late the calls are, so tests may compare exactly.
class RateAtEachLook final : public RateSchedule {
 public:
  explicit RateAtEachLook(std::vector<std::int64_t> rates_mbit) : rates_mbit_(std::move(rates_mbit)) {}
  BitRate rate_at(Time) const override { return BitRate::mbit(rates_mbit_[look_++]); }
  Time next_change(Time t) const override {
    return look_ < rates_mbit_.size() ? t + Duration::ms(1) : Time::never();
  }

 private:
  std::vector<std::int64_t> rates_mbit_;
  mutable std::size_t look_ = 0;
};

class OneStep final : public RateSchedule {
 public:
  OneStep(Time at, BitRate before, BitRate after) : at_(at), before_(before), after_(after) {}
  BitRate rate_at(Time t) const override { return t < at_ ? before_ : after_; }
  Time next_change(Time t) const override { return t < at_ ? at_ : Time::never(); }

 private:
  Time at_;
  BitRate before_, after_;
};

TEST(Shaper, OneThatShapesNothingStartsAndEnds) {
  Shaper shaper({});
  ASSERT_TRUE(shaper.start());
  EXPECT_FALSE(shaper.failed());
  EXPECT_TRUE(shaper.stop());
  EXPECT_TRUE(shaper.stop());  // a second call is allowed
  EXPECT_EQ(shaper.worst_lateness(), Duration());
}

TEST(Shaper, TheFirstRatesAreSetBeforeStartReturns) {
  FakeLink slow, fast;
  const ConstantSchedule slow_rate(BitRate::kbit(500)), fast_rate(BitRate::mbit(7));
  Shaper shaper({{&slow, &slow_rate}, {&fast, &fast_rate}});
  ASSERT_TRUE(shaper.start());
  EXPECT_THAT(slow.rates(0), ElementsAre(0.5));
  EXPECT_THAT(fast.rates(0), ElementsAre(7));
  EXPECT_TRUE(shaper.stop());
}

TEST(Shaper, EveryChangeIsAskedForInOrderAndOutagesToo) {
  FakeLink link;
  const RateAtEachLook schedule({5, 9, 0, 2});
  Shaper shaper({{&link, &schedule}});
  ASSERT_TRUE(shaper.start());
  EXPECT_THAT(link.rates(4), ElementsAre(5, 9, 0, 2));
  EXPECT_TRUE(shaper.stop());
}

TEST(Shaper, ARateThatStaysIsNotAskedForAgain) {
  FakeLink link;
  const RateAtEachLook schedule({5, 5, 7, 7, 7, 5});
  Shaper shaper({{&link, &schedule}});
  ASSERT_TRUE(shaper.start());
  EXPECT_THAT(link.rates(3), ElementsAre(5, 7, 5));
  EXPECT_TRUE(shaper.stop());
}

TEST(Shaper, LinksFollowTheirOwnSchedules) {
  FakeLink first, second;
  const RateAtEachLook rises({1, 2, 3}), falls({30, 20, 10});
  Shaper shaper({{&first, &rises}, {&second, &falls}});
  ASSERT_TRUE(shaper.start());
  EXPECT_THAT(first.rates(3), ElementsAre(1, 2, 3));
  EXPECT_THAT(second.rates(3), ElementsAre(30, 20, 10));
  EXPECT_TRUE(shaper.stop());
}

TEST(Shaper, AChangeComesNoSoonerThanItsInstant) {
  FakeLink link;
  const OneStep schedule(Time::zero() + Duration::ms(20), BitRate::mbit(1), BitRate::mbit(2));
  Shaper shaper({{&link, &schedule}});
  const auto before = Shaper::Clock::now();
  ASSERT_TRUE(shaper.start());
  const auto requests = link.requests(2);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[1].rate, BitRate::mbit(2));
  EXPECT_GE(requests[1].at - before, std::chrono::milliseconds(20));  // the machine decides how late
  EXPECT_TRUE(shaper.stop());
}

TEST(Shaper, AFirstRateThatIsRefusedFailsTheStart) {
  FakeLink good, bad(1);
  const ConstantSchedule rate(BitRate::mbit(1));
  Shaper shaper({{&good, &rate}, {&bad, &rate}});
  const auto started = shaper.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().message, "changing the rate of fake0: no such device");
}

TEST(Shaper, AChangeThatIsRefusedEndsItAndIsSaidAtTheEnd) {
  FakeLink link(2);
  const RateAtEachLook schedule({1, 2, 3, 4});
  Shaper shaper({{&link, &schedule}});
  ASSERT_TRUE(shaper.start());
  EXPECT_THAT(link.rates(2), ElementsAre(1, 2));
  const auto deadline = Shaper::Clock::now() + std::chrono::seconds(10);
  while (!shaper.failed() && Shaper::Clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(shaper.failed());
  const auto stopped = shaper.stop();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().message, "changing the rate of fake0: no such device");
  EXPECT_THAT(link.rates(0), ElementsAre(1, 2)) << "nothing is asked of a link after a failure";
}

TEST(Shaper, StoppingDoesNotWaitForTheNextChange) {
  FakeLink link;
  const OneStep schedule(Time::zero() + Duration::s(3600), BitRate::mbit(1), BitRate::mbit(2));
  Shaper shaper({{&link, &schedule}});
  ASSERT_TRUE(shaper.start());
  EXPECT_TRUE(shaper.stop());
  EXPECT_THAT(link.rates(0), ElementsAre(1));
}

TEST(Shaper, ASlowKernelMakesTheNextChangeLateAndThatIsSaid) {
  FakeLink link;
  link.takes = std::chrono::milliseconds(10);
  const RateAtEachLook schedule({1, 2, 3});
  Shaper shaper({{&link, &schedule}});
  ASSERT_TRUE(shaper.start());
  EXPECT_THAT(link.rates(3), ElementsAre(1, 2, 3));
  EXPECT_TRUE(shaper.stop());
  // The third was due 1 ms after the request for the second, which took 10 ms.
  EXPECT_GE(shaper.worst_lateness(), Duration::ms(9));
}

}  // namespace
}  // namespace millrace
