// Our queue disciplines against ns-3's: the same packets are offered and taken at the same instants, and the
// same ones come out.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <ns3/address.h>
#include <ns3/codel-queue-disc.h>
#include <ns3/config.h>
#include <ns3/fq-codel-queue-disc.h>
#include <ns3/packet.h>
#include <ns3/pie-queue-disc.h>
#include <ns3/queue-disc.h>
#include <ns3/queue-size.h>
#include <ns3/random-variable-stream.h>
#include <ns3/uinteger.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/base/random.hpp"
#include "sim/ns3/simulation.hpp"
#include "sim/queue/make_queue_disc.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

constexpr Bytes kMtu(1500);

struct Step {
  Time at;
  bool offered = false;  // else one is taken
  Bytes size{};
  std::uint32_t flow = 0;
};

// What is taken comes at the pace of a link; what is offered is more in some spells and less in others.
// Instants are odd numbers of nanoseconds: never those of PIE's updates.
std::vector<Step> steps(Random& random, std::size_t count, std::uint32_t flows, double least_load,
                        double most_load) {
  const auto after = [](Time at, double ms) {
    return Time::at_ns((at + Duration::from_seconds(ms / 1e3)).count_ns() | 1);
  };
  std::vector<Step> steps;
  Time next_offer = Time::at_ns(1);
  // Each flow once at first, in order: between queues of equal length ns-3 takes the flow that came first.
  for (std::uint32_t flow = 0; flow < flows; ++flow, next_offer = after(next_offer, 0.001))
    steps.push_back({next_offer, true, Bytes(100), flow});
  Time next_take = next_offer;
  double load = 1;
  while (steps.size() < count) {
    if (random.below(2000) == 0) load = least_load + (most_load - least_load) * random.uniform();
    if (next_offer < next_take) {
      const Bytes size(random.below(3) == 0 ? 1500 : static_cast<std::int64_t>(40 + random.below(1461)));
      const auto flow = static_cast<std::uint32_t>(random.below(2) == 0 ? 0 : random.below(flows));
      steps.push_back({next_offer, true, size, flow});
      next_offer = after(next_offer, random.exponential() / load);
    } else {
      steps.push_back({next_take});
      next_take = after(next_take, 0.5 + random.uniform());
    }
  }
  return steps;
}

// For each packet taken: which step offered it; nothing where none came.
struct Outcome {
  std::vector<std::optional<std::uint64_t>> taken;
  std::uint64_t drops = 0;
};

Outcome ours(QueueDisc<std::uint64_t>& queue, const std::vector<Step>& steps) {
  Outcome outcome;
  for (std::uint64_t i = 0; i < steps.size(); ++i) {
    const auto& step = steps[i];
    if (step.offered) {
      (void)queue.enqueue({.payload = i, .size = step.size, .flow = step.flow}, step.at);
      continue;
    }
    auto packet = queue.dequeue(step.at);
    outcome.taken.push_back(packet ? std::optional(packet->payload) : std::nullopt);
  }
  outcome.drops = queue.drops().packets;
  return outcome;
}

class Item : public ns3::QueueDiscItem {
 public:
  Item(std::uint64_t number, const Step& step)
      : QueueDiscItem(ns3::Create<ns3::Packet>(static_cast<std::uint32_t>(step.size.count())), ns3::Address(),
                      0),
        number_(number),
        flow_(step.flow) {}
  void AddHeader() override {}
  bool Mark() override { return false; }
  std::uint32_t Hash(std::uint32_t) const override { return flow_; }
  std::uint64_t number() const { return number_; }

 private:
  std::uint64_t number_;
  std::uint32_t flow_;
};

// REQUIRES a Simulation at its beginning, in which `queue` was made.
Outcome theirs(const ns3::Ptr<ns3::QueueDisc>& queue, const std::vector<Step>& steps) {
  Outcome outcome;
  queue->Initialize();
  for (std::uint64_t i = 0; i < steps.size(); ++i) {
    Simulation::at(steps[i].at, [&, i] {
      if (steps[i].offered) {
        queue->Enqueue(ns3::Create<Item>(i, steps[i]));
        return;
      }
      const auto item = queue->Dequeue();
      outcome.taken.push_back(item ? std::optional(ns3::StaticCast<Item>(item)->number()) : std::nullopt);
    });
  }
  Simulation::run_before(steps.back().at + Duration::ns(1));
  outcome.drops = queue->GetStats().nTotalDroppedPackets;
  queue->Dispose();
  return outcome;
}

void expect_equal(const Outcome& ours, const Outcome& theirs) {
  ASSERT_EQ(ours.taken.size(), theirs.taken.size());
  for (std::size_t i = 0; i < ours.taken.size(); ++i)
    ASSERT_EQ(ours.taken[i], theirs.taken[i]) << "packet " << i << " of " << ours.taken.size();
  EXPECT_EQ(ours.drops, theirs.drops);
}

ns3::QueueSizeValue bytes(Bytes limit) {
  return {ns3::QueueSize(ns3::QueueSizeUnit::BYTES, static_cast<std::uint32_t>(limit.count()))};
}

// ns-3 drops where its MinBytes wait, the document and Linux only where more than a full packet does.
const ns3::UintegerValue kMoreThanAPacket(static_cast<std::uint64_t>(kMtu.count()) + 1);

TEST(QueueDiscOracle, CodelDropsThePacketsThatThatOfNs3Drops) {
  std::uint64_t drops = 0;
  for (std::uint64_t run = 0; run < 20; ++run) {
    const auto seed = 100 * test_seed() + run;
    SCOPED_TRACE(seed);
    Random random(seed, "oracle");
    const auto script = steps(random, 40'000, 1, 0.5, 1.6);
    const Bytes limit = Bytes::kib(run % 2 == 0 ? 1024 : 32);
    Codel<std::uint64_t> queue(limit, kMtu);
    const auto simulation = Simulation::take().value();
    const auto theirs_queue = ns3::CreateObject<ns3::CoDelQueueDisc>();
    theirs_queue->SetAttribute("MaxSize", bytes(limit));
    theirs_queue->SetAttribute("MinBytes", kMoreThanAPacket);
    expect_equal(ours(queue, script), theirs(theirs_queue, script));
    drops += queue.drops().packets;
    if (HasFatalFailure()) return;
  }
  fmt::print("{} packets dropped\n", drops);
  EXPECT_GT(drops, 10'000U);
}

// ns-3 gives the queue of each flow the limit of all of them, so that a flow alone at the limit loses the
// packet that comes: not so here, where a flow's own limit is out of reach.
ns3::Ptr<ns3::FqCoDelQueueDisc> fq_codel_of_ns3(std::int64_t packets) {
  const auto limit = [](std::int64_t count) {
    return ns3::QueueSizeValue(
        ns3::QueueSize(ns3::QueueSizeUnit::PACKETS, static_cast<std::uint32_t>(count)));
  };
  const auto queue = ns3::CreateObject<ns3::FqCoDelQueueDisc>();
  queue->SetAttribute("MaxSize", limit(1'000'000));
  queue->SetQuantum(static_cast<std::uint32_t>(kMtu.count()));
  queue->Initialize();  // reads the limit of the flows
  queue->SetAttribute("MaxSize", limit(packets));
  return queue;
}

TEST(QueueDiscOracle, FqCodelDropsAndSchedulesAsThatOfNs3) {
  ns3::Config::SetDefault("ns3::CoDelQueueDisc::MinBytes", kMoreThanAPacket);
  std::uint64_t drops = 0;
  for (std::uint64_t run = 0; run < 20; ++run) {
    const auto seed = 100 * test_seed() + run;
    SCOPED_TRACE(seed);
    Random random(seed, "oracle");
    const auto script = steps(random, 40'000, run % 4 < 2 ? 5 : 400, 0.5, 1.6);
    const std::int64_t limit = run % 2 == 0 ? 10'000 : 100;
    FqCodel<std::uint64_t> queue(kMtu * limit, kMtu);
    const auto simulation = Simulation::take().value();
    expect_equal(ours(queue, script), theirs(fq_codel_of_ns3(limit), script));
    drops += queue.drops().packets;
    if (testing::Test::HasFatalFailure()) break;
  }
  ns3::Config::SetDefault("ns3::CoDelQueueDisc::MinBytes", ns3::UintegerValue(1500));
  fmt::print("{} packets dropped\n", drops);
  EXPECT_GT(drops, 10'000U);
}

// The random numbers of a stream of ns-3, which another object draws from as well.
class Ns3Stream {
 public:
  explicit Ns3Stream(std::int64_t stream) { numbers_->SetStream(stream); }
  double uniform() { return numbers_->GetValue(); }

 private:
  ns3::Ptr<ns3::UniformRandomVariable> numbers_ = ns3::CreateObject<ns3::UniformRandomVariable>();
};

ns3::Ptr<ns3::PieQueueDisc> pie_of_ns3(Bytes limit, std::int64_t stream) {
  const auto pie = ns3::CreateObject<ns3::PieQueueDisc>();
  pie->SetAttribute("MaxSize", bytes(limit));
  pie->AssignStreams(stream);
  return pie;
}

TEST(QueueDiscOracle, PieDropsThePacketsThatThatOfNs3DropsForTheSameRandomNumbers) {
  std::uint64_t drops = 0;
  for (std::uint64_t run = 0; run < 20; ++run) {
    const auto seed = 100 * test_seed() + run;
    SCOPED_TRACE(seed);
    Random random(seed, "oracle");
    const auto script = steps(random, 40'000, 1, run % 4 < 2 ? 0.2 : 0.8, 1.8);
    const Bytes limit = Bytes::kib(run % 2 == 0 ? 1024 : 32);
    const auto stream = static_cast<std::int64_t>(run);
    Pie<std::uint64_t, Ns3Stream> queue(limit, Ns3Stream(stream));
    const auto simulation = Simulation::take().value();
    expect_equal(ours(queue, script), theirs(pie_of_ns3(limit, stream), script));
    drops += queue.drops().packets;
    if (HasFatalFailure()) return;
  }
  fmt::print("{} packets dropped\n", drops);
  EXPECT_GT(drops, 10'000U);
}

double mean_wait_ms(const Outcome& outcome, const std::vector<Step>& steps) {
  double sum = 0;
  std::size_t count = 0, taken = 0;
  for (const auto& step : steps) {
    if (step.offered) continue;
    const auto& packet = outcome.taken[taken++];
    if (!packet) continue;
    sum += (step.at - steps[*packet].at).seconds() * 1e3;
    ++count;
  }
  return sum / static_cast<double>(count);
}

// As it is made by its name: with random numbers of its own.
TEST(QueueDiscOracle, PieDropsAsManyPacketsAsThatOfNs3AndTheyWaitAsLong) {
  Random random(test_seed(), "oracle");
  const auto script = steps(random, 400'000, 1, 1.2, 1.2);
  const auto queue = make_queue_disc<std::uint64_t>(
      QueueDiscipline::pie, {.limit = Bytes::mib(1), .mtu = kMtu, .random = Random(test_seed(), "pie")});
  const auto simulation = Simulation::take().value();
  const auto here = ours(*queue, script), there = theirs(pie_of_ns3(Bytes::mib(1), 1), script);
  const double wait = mean_wait_ms(here, script), their_wait = mean_wait_ms(there, script);
  fmt::print("drops {} and {}, mean wait {:.3f} and {:.3f} ms\n", here.drops, there.drops, wait, their_wait);
  EXPECT_NEAR(static_cast<double>(here.drops), static_cast<double>(there.drops),
              0.01 * static_cast<double>(there.drops));
  EXPECT_NEAR(wait, their_wait, 0.03 * their_wait);
}

}  // namespace
}  // namespace millrace
