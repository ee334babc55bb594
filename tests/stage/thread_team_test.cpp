#include "runtime/stage/thread_team.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace millrace {
namespace {

TEST(ThreadTeam, EveryItemIsDoneOnce) {
  for (const int threads : {1, 2, 5}) {
    ThreadTeam team(threads);
    EXPECT_EQ(team.size(), threads);
    for (std::int64_t items = 0; items < 12; ++items) {
      std::vector<std::atomic<int>> done(12);
      team.split(items, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) ++done[static_cast<std::size_t>(i)];
      });
      for (std::int64_t i = 0; i < 12; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i < items ? 1 : 0);
    }
  }
}

TEST(ThreadTeam, ExceptionReachesTheCallerAndTheTeamGoesOn) {
  ThreadTeam team(3);
  EXPECT_THROW(team.split(3,
                          [](std::int64_t begin, std::int64_t) {
                            if (begin == 2) throw std::runtime_error("x");
                          }),
               std::runtime_error);
  std::atomic<int> shares = 0;
  team.split(3, [&](std::int64_t, std::int64_t) { ++shares; });
  EXPECT_EQ(shares, 3);
}

}  // namespace
}  // namespace millrace
