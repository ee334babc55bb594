// What every queue discipline promises.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/base/random.hpp"
#include "sim/queue/make_queue_disc.hpp"
#include "tests/sim_queue/loaded_link.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

constexpr Bytes kMtu(1500);

Time us(std::int64_t n) { return Time::at_ns(1000 * n); }

template <class Payload>
auto make(QueueDiscipline discipline, Bytes limit) {
  return make_queue_disc<Payload>(discipline,
                                  {.limit = limit, .mtu = kMtu, .random = Random(test_seed(), "queue")});
}

// Offers and takes at random, in spells of overload and of idleness, and counts.
class Exercise {
 public:
  using Payload = std::unique_ptr<std::uint64_t>;  // not every payload can be copied
  using Queue = QueueDisc<Payload>;

  Exercise(QueueDiscipline discipline, Bytes limit, std::uint64_t seed)
      : discipline_(discipline),
        limit_(limit),
        random_(seed, "exercise"),
        queue_(make<Payload>(discipline, limit)) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      if (i % 400 == 0) share_of_offers_ = 0.2 + 0.6 * random_.uniform();
      now_ = now_ + Duration::ns(static_cast<std::int64_t>(random_.below(2'000'000)));
      if (random_.uniform() < share_of_offers_)
        offer();
      else
        take();
      check();
      if (testing::Test::HasFailure()) return;
    }
    while (take()) check();
    EXPECT_TRUE(queue_->empty());
    EXPECT_EQ(queue_->bytes(), Bytes(0));
    check();
  }
  const Queue& queue() const { return *queue_; }

 private:
  struct Sent {
    Bytes size;
    std::uint32_t flow;
  };

  void offer() {
    const std::uint64_t number = next_++;
    // Most packets are of few flows; some flows share a queue of FQ-CoDel.
    const auto flow =
        static_cast<std::uint32_t>(random_.below(2) == 0 ? random_.below(3) : random_.below(3000));
    const Bytes size(random_.below(3) == 0 ? 1500 : static_cast<std::int64_t>(40 + random_.below(1461)));
    sent_[number] = {size, flow};
    offered_ += size;
    const auto drops = queue_->drops().packets;
    const auto offer = queue_->enqueue(
        {.payload = std::make_unique<std::uint64_t>(number), .size = size, .flow = flow}, now_);
    if (offer == Queue::Offer::dropped) {
      EXPECT_GT(queue_->drops().packets, drops);
      sent_.erase(number);
    }
  }
  bool take() {
    auto packet = queue_->dequeue(now_);
    if (!packet) {
      EXPECT_TRUE(queue_->empty()) << "a packet that waits can leave";
      return false;
    }
    const std::uint64_t number = *packet->payload;
    const auto found = sent_.find(number);
    EXPECT_TRUE(found != sent_.end()) << number << " was refused, or comes twice";
    if (found == sent_.end()) return false;
    EXPECT_EQ(packet->size, found->second.size);
    EXPECT_EQ(packet->flow, found->second.flow);
    const auto [last, first] = last_of_.try_emplace(packet->flow, number);
    EXPECT_TRUE(first || last->second < number) << "within a flow, packets keep their order";
    last->second = number;
    left_ += packet->size;
    ++packets_left_;
    sent_.erase(found);
    return true;
  }
  void check() const {
    const auto& drops = queue_->drops();
    EXPECT_EQ(offered_, left_ + drops.bytes + queue_->bytes());
    EXPECT_EQ(next_, packets_left_ + drops.packets + queue_->packets());
    EXPECT_LE(queue_->bytes(), limit_);
    if (discipline_ != QueueDiscipline::fq_codel) return;
    EXPECT_LE(static_cast<std::int64_t>(queue_->packets()), limit_.count() / kMtu.count());
  }

  QueueDiscipline discipline_;
  Bytes limit_;
  Random random_;
  std::unique_ptr<Queue> queue_;
  Time now_;
  double share_of_offers_ = 0;
  std::uint64_t next_ = 0, packets_left_ = 0;
  Bytes offered_, left_;
  std::map<std::uint64_t, Sent> sent_;  // and neither refused nor delivered
  std::map<std::uint32_t, std::uint64_t> last_of_;
};

class QueueDiscContract : public testing::TestWithParam<QueueDiscipline> {};

std::string name_of(const testing::TestParamInfo<QueueDiscipline>& tested) {
  constexpr std::array<const char*, 4> kNames{"DropTail", "Codel", "FqCodel", "Pie"};
  return kNames.at(static_cast<std::size_t>(tested.param));
}

INSTANTIATE_TEST_SUITE_P(All, QueueDiscContract,
                         testing::Values(QueueDiscipline::drop_tail, QueueDiscipline::codel,
                                         QueueDiscipline::fq_codel, QueueDiscipline::pie),
                         name_of);

TEST_P(QueueDiscContract, LosesNothingItDoesNotCountAndKeepsItsOrderAndItsLimit) {
  std::uint64_t dropped = 0;
  for (const std::int64_t full_packets : {1, 7, 100}) {
    for (std::uint64_t run = 0; run < 20; ++run) {
      const auto seed = test_seed() * 1000 + run;
      SCOPED_TRACE("limit " + std::to_string(full_packets) + " packets, seed " + std::to_string(seed));
      Exercise exercise(GetParam(), kMtu * full_packets, seed);
      exercise.run(4000);
      dropped += exercise.queue().drops().packets;
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(dropped, 1000U) << "or nothing was tested";
}

TEST_P(QueueDiscContract, AnIdleLinkLosesNothing) {
  const auto queue = make<Offered>(GetParam(), kMtu * 10);
  const auto offered = regular(BitRate::mbit(9), kMtu, us(10'000'000));
  const auto carried = carry(*queue, offered, BitRate::mbit(10));
  EXPECT_EQ(carried.size(), offered.size());
  EXPECT_EQ(queue->drops().packets, 0U);
  for (const auto& one : carried) ASSERT_EQ(one.waited, Duration{});
}

TEST_P(QueueDiscContract, ATakenPacketThatIsAloneLeavesAtOnce) {
  const auto queue = make<int>(GetParam(), kMtu);
  for (int i = 0; i < 1000; ++i) {
    const Time now = us(7'000 * i);
    ASSERT_EQ(queue->enqueue({.payload = i, .size = kMtu, .flow = 0}, now), QueueDisc<int>::Offer::taken);
    const auto packet = queue->dequeue(now);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->payload, i);
  }
}

TEST_P(QueueDiscContract, AnEmptyQueueGivesNothing) {
  const auto queue = make<int>(GetParam(), kMtu);
  EXPECT_FALSE(queue->dequeue(us(0)));
  EXPECT_FALSE(queue->dequeue(us(1'000'000'000)));
  EXPECT_TRUE(queue->empty());
}

// A driver that is late passes the instant at which a packet should have left, after packets that came later.
TEST_P(QueueDiscContract, ATimeThatGoesBackwardsCountsAsTheLatest) {
  const auto queue = make<int>(GetParam(), kMtu * 10);
  const auto again = make<int>(GetParam(), kMtu * 10);
  Random random(test_seed(), "backwards");
  Time latest;
  for (int i = 0; i < 20'000; ++i) {
    const Time now = latest + Duration::us(static_cast<std::int64_t>(random.below(3000)) - 1000);
    latest = std::max(latest, now);
    const bool offer = random.below(100) < 55;
    if (offer) {
      ASSERT_EQ(queue->enqueue({.payload = i, .size = kMtu, .flow = 0}, now),
                again->enqueue({.payload = i, .size = kMtu, .flow = 0}, latest));
      continue;
    }
    const auto one = queue->dequeue(now), other = again->dequeue(latest);
    ASSERT_EQ(one.has_value(), other.has_value());
    ASSERT_EQ(one ? one->payload : -1, other ? other->payload : -1);
  }
  EXPECT_GT(queue->drops().packets, 100U);
}

}  // namespace
}  // namespace millrace
