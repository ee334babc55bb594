// How long packets wait, and how much the link carries: beside a sender that does not back off, and beside
// one that does.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/random.hpp"
#include "sim/queue/make_queue_disc.hpp"
#include "tests/sim_queue/loaded_link.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

constexpr Bytes kMtu(1500), kLimit = Bytes::kib(256);
constexpr BitRate kRate = BitRate::mbit(10);
constexpr Time kFrom = Time::at_ns(20'000'000'000), kEnd = Time::at_ns(120'000'000'000);

template <class Payload>
auto make(QueueDiscipline discipline) {
  return make_queue_disc<Payload>(discipline,
                                  {.limit = kLimit, .mtu = kMtu, .random = Random(test_seed(), "queue")});
}

struct Standing {
  double wait_ms = 0, mbit_per_s = 0;
};

Standing standing(const std::string& name, const std::vector<Carried>& carried) {
  std::int64_t bits = 0;
  for (const auto& one : carried)
    if (one.packet.at >= kFrom) bits += one.packet.size.bits();
  const Standing standing{mean_wait(carried, kFrom).milliseconds(),
                          static_cast<double>(bits) / (kEnd - kFrom).seconds() / 1e6};
  fmt::print("{}: mean wait {:.2f} ms, {:.3f} Mbit/s\n", name, standing.wait_ms, standing.mbit_per_s);
  return standing;
}

// At 1.2 times the rate of the link.
Standing beside_a_deaf_sender(QueueDiscipline discipline, bool regularly) {
  const BitRate offered = BitRate::mbit(12);
  const auto queue = make<Offered>(discipline);
  const auto packets = regularly ? regular(offered, kMtu, kEnd)
                                 : at_random(offered, kMtu, kEnd, Random(test_seed(), "arrivals"));
  return standing(std::string(kNames<QueueDiscipline>[static_cast<std::size_t>(discipline)]) +
                      (regularly ? ", regular" : ", at random"),
                  carry(*queue, packets, kRate));
}

// One more packet per round trip of 20 ms, half as many after a loss.
class BackingOff {
 public:
  explicit BackingOff(QueueDiscipline discipline) : queue_(make<Sent>(discipline)) {}

  std::vector<Carried> run() {
    while (now_ < kEnd) {
      for (; in_flight_ < window_; ++in_flight_)
        (void)queue_->enqueue({.payload = {now_, next_++}, .size = kMtu, .flow = 0}, now_);
      if (free_ <= now_) serve();
      const Time next = std::min(queue_->empty() ? Time::never() : free_,
                                 acknowledged_.empty() ? Time::never() : acknowledged_.front().at);
      // All that was in flight is lost: a time-out.
      if (next == Time::never()) in_flight_ = 0, window_ = 1, expected_ = next_;
      now_ = next == Time::never() ? now_ + Duration::ms(200) : std::max(now_, next);
      while (!acknowledged_.empty() && acknowledged_.front().at <= now_) acknowledge();
    }
    return carried_;
  }

 private:
  struct Sent {
    Time at;
    std::int64_t number;
  };

  void serve() {
    const auto packet = queue_->dequeue(now_);
    if (!packet) return;
    const auto& [at, number] = packet->payload;
    free_ = now_ + Duration::ns(kMtu.bits() * 1'000'000'000 / kRate.bit_per_s());
    carried_.push_back({{at, kMtu, 0}, now_ - at});
    acknowledged_.push_back({free_ + kRoundTrip, number});
  }
  void acknowledge() {
    const auto number = acknowledged_.front().number;
    acknowledged_.pop_front();
    const std::int64_t lost = number - expected_;
    expected_ = number + 1;
    in_flight_ -= 1 + static_cast<double>(lost);
    if (lost == 0)
      window_ += 1 / window_;
    else if (number >= recovered_at_)
      window_ = std::max(1.0, window_ / 2), recovered_at_ = next_;
  }

  static constexpr Duration kRoundTrip = Duration::ms(20);
  std::unique_ptr<QueueDisc<Sent>> queue_;
  Time now_, free_;
  double window_ = 1, in_flight_ = 0;
  std::int64_t next_ = 0, expected_ = 0, recovered_at_ = 0;
  std::deque<Sent> acknowledged_;
  std::vector<Carried> carried_;
};

Standing beside_one_that_backs_off(QueueDiscipline discipline) {
  return standing(
      std::string(kNames<QueueDiscipline>[static_cast<std::size_t>(discipline)]) + ", backing off",
      BackingOff(discipline).run());
}

TEST(StandingQueue, PieHoldsItsTargetAgainstASenderThatDoesNotBackOff) {
  for (const bool regularly : {true, false}) {
    const auto pie = beside_a_deaf_sender(QueueDiscipline::pie, regularly);
    EXPECT_NEAR(pie.wait_ms, 15, 1.5);
    EXPECT_GT(pie.mbit_per_s, 9.9);
  }
}

// CoDel adds one drop per gap, and begins anew each time that the queue has become short.
TEST(StandingQueue, CodelShortensItButDoesNotHoldItsTargetAgainstASenderThatDoesNotBackOff) {
  for (const bool regularly : {true, false}) {
    const auto tail = beside_a_deaf_sender(QueueDiscipline::drop_tail, regularly);
    for (const auto discipline : {QueueDiscipline::codel, QueueDiscipline::fq_codel}) {
      const auto codel = beside_a_deaf_sender(discipline, regularly);
      EXPECT_LT(codel.wait_ms, tail.wait_ms / 2);
      EXPECT_GT(codel.wait_ms, 20);
      EXPECT_GT(codel.mbit_per_s, 9.95);
    }
  }
}

TEST(StandingQueue, IsNearTheTargetBesideASenderThatBacksOff) {
  EXPECT_GT(beside_one_that_backs_off(QueueDiscipline::drop_tail).wait_ms, 100);
  for (const auto discipline : {QueueDiscipline::codel, QueueDiscipline::fq_codel}) {
    const auto codel = beside_one_that_backs_off(discipline);
    EXPECT_NEAR(codel.wait_ms, 5, 1.5);
    EXPECT_GT(codel.mbit_per_s, 9.5);
  }
  const auto pie = beside_one_that_backs_off(QueueDiscipline::pie);
  EXPECT_NEAR(pie.wait_ms, 15, 4);
  EXPECT_GT(pie.mbit_per_s, 9.9);
}

}  // namespace
}  // namespace millrace
