#include "sim/net/lateness_audit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/random.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

// The oracle: all values, sorted.
TEST(LatenessCounts, PercentilesAreWithinABucketOfTheSortedValues) {
  const auto seed = test_seed();
  RecordProperty("seed", std::to_string(seed));
  Random random(seed, "lateness");
  LatenessCounts counts;
  std::vector<std::int64_t> all;
  for (int i = 0; i < 20'000; ++i) {
    const auto ns = static_cast<std::int64_t>(std::exp(random.uniform() * 30));
    all.push_back(ns);
    counts.add(Duration::ns(ns));
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(counts.max(), Duration::ns(all.back()));
  for (const double share : {0.001, 0.5, 0.95, 0.99, 1.0}) {
    const auto exact = all[static_cast<std::size_t>(std::ceil(share * 20'000)) - 1];
    EXPECT_GE(counts.percentile(share).count_ns(), exact);
    EXPECT_LE(static_cast<double>(counts.percentile(share).count_ns()),
              static_cast<double>(exact) * (1 + 1.0 / 64));
  }
}

TEST(LatenessCounts, TheExtremesHaveABucket) {
  LatenessCounts counts;
  counts.add(Duration{});
  EXPECT_EQ(counts.percentile(1), Duration{});
  counts.add(Duration::max());
  EXPECT_EQ(counts.percentile(1), Duration::max());
  EXPECT_EQ(counts.percentile(0.5), Duration{});
}

TEST(LatenessAudit, KeepsTheFirstViolationAndCountsAll) {
  Time now;
  LatenessAudit audit(Duration::ms(5), [&] { return now; });
  now = Time::at_ns(20'000'000);
  EXPECT_TRUE(audit.note(Lateness::delivery, Time::at_ns(15'000'000))) << "the limit itself is kept";
  EXPECT_TRUE(audit.note(Lateness::delivery, Time::at_ns(30'000'000))) << "early is punctual";
  EXPECT_FALSE(audit.violation());
  EXPECT_FALSE(audit.note(Lateness::send, Time::at_ns(14'999'999)));
  EXPECT_FALSE(audit.note_duration(Lateness::compute, Duration::ms(9)));
  ASSERT_TRUE(audit.violation());
  EXPECT_EQ(audit.violation()->kind, Lateness::send);
  EXPECT_EQ(audit.violation()->at, now);
  EXPECT_EQ(audit.violation()->late, Duration::ns(5'000'001));
  EXPECT_EQ(audit.of(Lateness::delivery).count(), 2U);
  EXPECT_EQ(audit.of(Lateness::compute).max(), Duration::ms(9));
}

}  // namespace
}  // namespace millrace
