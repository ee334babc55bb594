#include "runtime/stage/thread_team.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>

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

// In a process of its own that may use little more memory than it has: room for the stacks of a few threads.
TEST(ThreadTeamDeathTest, ThatTheSystemDoesNotGiveIsAnExceptionAndNotTheEnd) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need more address space than a limit leaves";
#endif
  const auto team_of_many = [] {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t bytes = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + (rlim_t{100} << 20);
    const rlimit limit{bytes, bytes};
    if (setrlimit(RLIMIT_AS, &limit) != 0) std::_Exit(2);
    try {
      const ThreadTeam team(1024);
    } catch (const std::system_error& thrown) {
      ThreadTeam small(3);  // the threads that did start have been released
      std::atomic<int> shares = 0;
      small.split(3, [&](std::int64_t, std::int64_t) { ++shares; });
      std::_Exit(thrown.code() == std::errc::resource_unavailable_try_again && shares == 3 ? 0 : 3);
    }
    std::_Exit(4);
  };
  EXPECT_EXIT(team_of_many(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace millrace
