#include "sim/trace/trace_writer.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "runtime/base/random.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/trace/trace_reader.hpp"
#include "sim/trace/trace_transform.hpp"
#include "tests/support/seed.hpp"

namespace millrace {
namespace {

LinkRate read(std::string_view text) { return parse_trace(text, "t", {}).value(); }

std::string back(const std::string& mahimahi) {
  const auto csv = csv_text(read(mahimahi), "");
  return mahimahi_text(read(csv), zero_opportunities(csv)).value();
}

TEST(TraceWriter, MahimahiThroughCsvKeepsEveryMillisecond) {
  for (const std::string text : {"1\n", "0\n5\n5\n9\n1000\n", "0\n0\n0\n1\n", "7\n7\n8\n9\n9\n9\n"})
    EXPECT_EQ(back(text), text);
}

TEST(TraceWriter, RandomSchedulesComeBackToo) {
  Random random(test_seed(), "schedules");
  for (int i = 0; i < 200; ++i) {
    std::string text;
    std::uint64_t ms = random.below(3);
    for (auto n = 1 + random.below(300); n > 0; --n, ms += random.below(4)) text += std::to_string(ms) + "\n";
    text += std::to_string(ms + 1) + "\n";
    ASSERT_EQ(back(text), text);
  }
}

TEST(TraceWriter, RecordingsComeBackByteForByte) {
  const std::filesystem::path folder = MILLRACE_SOURCE_DIR "/../shared/traces/mahimahi";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "needs ../shared/traces (recordings)";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto text = read_trace_file(entry.path()).value();
    EXPECT_TRUE(back(text) == text) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 10);
}

TEST(TraceWriter, RatesComeBackExactly) {
  const auto rate = read("time_ns,rate_bit_per_s\n0,1234567\n17,0\n1000000001,3\n2000000000,end\n");
  for (const auto& text : {csv_text(rate, "made by hand"), two_column_text(rate)}) {
    const auto again = rate_trace_of(read(text));
    const auto before = rate_trace_of(rate);
    ASSERT_EQ(again->size(), before->size()) << text;
    for (std::size_t i = 0; i < again->size(); ++i) {
      EXPECT_EQ(again->step(i).from, before->step(i).from);
      EXPECT_EQ(again->step(i).rate, before->step(i).rate);
    }
    EXPECT_EQ(again->duration(), before->duration());
  }
}

TEST(Opportunities, AreNeverAheadOfTheTraceNorAPacketBehind) {
  Random random(test_seed(), "rates");
  for (int i = 0; i < 50; ++i) {
    std::vector<RateStep> steps;
    Duration at;
    for (auto n = 1 + random.below(20); n > 0; --n) {
      steps.push_back({at, BitRate(static_cast<std::int64_t>(random.below(100'000'000)))});
      at += Duration::us(1 + static_cast<std::int64_t>(random.below(500'000)));
    }
    const auto trace = RateTrace::make(steps, at + Duration::ms(1), TraceEnd::loop).value();
    const auto made = opportunities_of(trace);
    if (!made) continue;
    const auto& ms = made->milliseconds();
    for (std::size_t k = 0; k + 1 < ms.size(); ++k) {  // the last one may stand in for the period
      const auto end = std::min(Time::zero() + Duration::ms(static_cast<std::int64_t>(ms[k])),
                                Time::zero() + trace.duration());
      const auto packets = Nanobits{static_cast<std::int64_t>(k) + 1} * nanobits(Bytes(1500));
      ASSERT_LE(packets, end.since_start() == trace.duration() ? trace.total() : trace.cumulative(end));
      ASSERT_GT(packets, trace.cumulative(end - Duration::ms(1)));
    }
  }
}

TEST(TraceWriter, ATraceWithoutAPacketIsNoMahimahiTrace) {
  EXPECT_EQ(mahimahi_text(read("time_s,rate_bit_per_s\n0,11999\n1,end\n")).error().message,
            "the trace does not carry one packet of 1500 bytes");
}

}  // namespace
}  // namespace millrace
