#include "sim/net/max_min.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/base/random.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

TEST(MaxMin, TheParkingLot) {
  // One flow over all three links, and on each link another flow; the middle link is half as fast.
  const std::vector<MaxMinFlow> flows{{{{0, 1}, {1, 1}, {2, 1}}}, {{{0, 1}}}, {{{1, 1}}}, {{{2, 1}}}};
  EXPECT_EQ(max_min_rates({10, 5, 10}, flows), (std::vector<double>{2.5, 7.5, 2.5, 7.5}));
}

TEST(MaxMin, WeightsCountAndAnOutageIsZero) {
  EXPECT_EQ(max_min_rates({9}, {{{{0, 1}}}, {{{0, 2}}}}), (std::vector<double>{3, 3}));
  EXPECT_EQ(max_min_rates({9, 0}, {{{{0, 1}}}, {{{0, 1}, {1, 1}}}}), (std::vector<double>{9, 0}));
}

// Bertsekas and Gallager: feasible rates are max-min fair if and only if every flow has a bottleneck: a full
// resource on which no flow has more.
TEST(MaxMin, EveryFlowHasABottleneck) {
  Random random(test_seed(), "max-min");
  for (int round = 0; round < 2'000; ++round) {
    std::vector<double> capacities(1 + random.below(8));
    for (double& capacity : capacities) capacity = random.below(6) == 0 ? 0 : random.uniform() * 100;
    std::vector<MaxMinFlow> flows(1 + random.below(10));
    for (auto& flow : flows)
      for (std::uint64_t n = 1 + random.below(4); n > 0; --n)
        flow.uses.push_back({random.below(capacities.size()), 0.5 + random.uniform()});
    const auto rates = max_min_rates(capacities, flows);
    std::vector<double> load(capacities.size());
    for (std::size_t f = 0; f < flows.size(); ++f)
      for (const auto& use : flows[f].uses) load[use.resource] += rates[f] * use.weight;
    for (std::size_t r = 0; r < load.size(); ++r) ASSERT_LE(load[r], capacities[r] + 1e-9);
    for (std::size_t f = 0; f < flows.size(); ++f) {
      const auto& uses = flows[f].uses;
      ASSERT_TRUE(std::any_of(uses.begin(), uses.end(),
                              [&](const ResourceUse& mine) {
                                if (load[mine.resource] < capacities[mine.resource] - 1e-9) return false;
                                for (std::size_t g = 0; g < flows.size(); ++g)
                                  for (const auto& theirs : flows[g].uses)
                                    if (theirs.resource == mine.resource && rates[g] > rates[f] + 1e-9)
                                      return false;
                                return true;
                              }))
          << "round " << round << ", flow " << f;
    }
  }
}

}  // namespace
}  // namespace millrace
