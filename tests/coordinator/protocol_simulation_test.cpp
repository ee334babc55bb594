// Random faults at every instant, by seeds. MILLRACE_TEST_SEED=n is the first seed (and replays one that
// failed, with MILLRACE_PROTOCOL_SCHEDULES=1); MILLRACE_PROTOCOL_SCHEDULES=n plays more of them.
#include "tests/coordinator/protocol_simulation.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/support/seed.hpp"

namespace millrace {
namespace {

std::uint64_t schedules(std::uint64_t usual) {
  const char* wanted = std::getenv("MILLRACE_PROTOCOL_SCHEDULES");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : usual;
}

TEST(Protocol, HoldsUnderEverySchedule) {
  std::uint64_t events = 0, disturbed = 0, recovered = 0;
  const auto count = schedules(1500);
  for (std::uint64_t seed = test_seed(); seed < test_seed() + count; ++seed) {
    ProtocolRun run(seed, Injected::nothing);
    const auto violated = run.play();
    ASSERT_FALSE(violated) << *violated << "\nreplay: MILLRACE_TEST_SEED=" << seed
                           << " MILLRACE_PROTOCOL_SCHEDULES=1";
    events += run.events();
    disturbed += run.recoveries().empty() ? 0 : 1;
    for (const auto& recovery : run.recoveries()) recovered += recovery.first_result ? 1 : 0;
  }
  std::printf("%llu schedules, %llu events; %llu runs changed epochs, %llu times with a result\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(events),
              static_cast<unsigned long long>(disturbed), static_cast<unsigned long long>(recovered));
  if (count >= 100) {
    EXPECT_GT(disturbed, count / 3) << "the schedules are to disturb";
    EXPECT_GT(recovered, count / 3);
  }
}

TEST(Protocol, OneSeedIsOneRun) {
  for (std::uint64_t seed = test_seed(); seed < test_seed() + 20; ++seed) {
    ProtocolRun one(seed, Injected::nothing), two(seed, Injected::nothing);
    ASSERT_FALSE(one.play());
    ASSERT_FALSE(two.play());
    EXPECT_EQ(one.log(), two.log());
    EXPECT_EQ(one.events(), two.events());
  }
}

// Of these mistakes each violates what must hold in at least one of the first thousand schedules.
class InjectedMistake : public testing::TestWithParam<Injected> {};

TEST_P(InjectedMistake, IsFoundWithinAThousandSeeds) {
  for (std::uint64_t seed = test_seed(); seed < test_seed() + 1000; ++seed) {
    if (const auto violated = ProtocolRun(seed, GetParam()).play()) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), violated->c_str());
      return;
    }
  }
  FAIL() << "1000 schedules, and nobody noticed";
}

INSTANTIATE_TEST_SUITE_P(Protocol, InjectedMistake,
                         testing::Values(Injected::skip_the_dedup, Injected::lose_a_replay));

}  // namespace
}  // namespace millrace
