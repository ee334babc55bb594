#include "sim/trace/trace_synth.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/trace/trace_statistics.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

TraceStatistics statistics(const RateTrace& trace) {
  return trace_statistics(std::make_shared<const RateTrace>(trace));
}

RateTrace make(std::string_view kind, std::uint64_t seed, double seconds) {
  return synthesize({.kind = std::string(kind), .seed = seed, .duration_s = seconds}).value();
}

// 200,000 s of each. Bounds: a few times the sampling error of such a run, whose slowest part has time
// constants of minutes; autocorrelations that the three-part process cannot have (negative ones) are avoided
// by comparing with max(0, recorded).
TEST(TraceSynth, MeanQuantilesOutagesAndAutocorrelationAreTheRecordings) {
  for (const auto& kind : synth_kinds()) {
    const auto s = statistics(make(kind.name, test_seed(), 200'000));
    EXPECT_NEAR(s.mean_mbit_per_s, kind.mean_mbit_per_s, 0.04 * kind.mean_mbit_per_s) << kind.name;
    EXPECT_NEAR(s.p5_mbit_per_s, kind.p5_mbit_per_s, 0.02 * kind.mean_mbit_per_s) << kind.name;
    EXPECT_NEAR(s.idle_share, kind.outage_share, 0.015) << kind.name;
    EXPECT_NEAR(s.autocorrelation_1s, std::max(0.0, kind.autocorrelation[0]), 0.08) << kind.name;
    EXPECT_NEAR(s.autocorrelation_5s, std::max(0.0, kind.autocorrelation[1]), 0.08) << kind.name;
    EXPECT_NEAR(s.autocorrelation_20s, std::max(0.0, kind.autocorrelation[2]), 0.08) << kind.name;
    std::printf(
        "| `%s` | %s | %.3g / %.3g | %.3g / %.3g | %.1f / %.1f %% | %.2f %.2f %.2f / %.2f %.2f %.2f |\n",
        kind.name.data(), kind.fitted_to.data(), kind.mean_mbit_per_s, s.mean_mbit_per_s, kind.p5_mbit_per_s,
        s.p5_mbit_per_s, 100 * kind.outage_share, 100 * s.idle_share, kind.autocorrelation[0],
        kind.autocorrelation[1], kind.autocorrelation[2], s.autocorrelation_1s, s.autocorrelation_5s,
        s.autocorrelation_20s);
  }
}

TEST(TraceSynth, TheSeedDecides) {
  const auto a = make("lte", 1, 60);
  const auto b = make("lte", 1, 60);
  const auto c = make("lte", 2, 60);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a.step(i).rate, b.step(i).rate);
  EXPECT_NE(a.total(), c.total());
  EXPECT_EQ(a.duration(), Duration::s(60));
}

TEST(TraceSynth, AnUnknownKindListsThoseThereAre) {
  const auto made = synthesize({.kind = "6g"});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().message,
            "there is no kind of trace \"6g\"; known: 3g, lte, 5g-mmwave, wifi, starlink, broadband");
}

}  // namespace
}  // namespace millrace
