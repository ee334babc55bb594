#include <gtest/gtest.h>

#include "sim/net/link_rate.hpp"
#include "sim/trace/trace_reader.hpp"

namespace millrace {
namespace {

struct Linted {
  std::vector<std::string> findings;  // "where: fault -> repair"
  Result<LinkRate> rate;
};

Linted lint(std::string_view text, TraceReading reading = {}) {
  TraceLint found;
  auto rate = lint_trace(text, "t", reading, found);
  std::vector<std::string> lines;
  for (const auto& f : found.findings) lines.push_back(f.where + ": " + f.fault + " -> " + f.repair);
  return {std::move(lines), std::move(rate)};
}

BitRate at(const Linted& linted, double seconds) {
  return rate_trace_of(linted.rate.value())->rate_at(Time::zero() + Duration::from_seconds(seconds));
}

using Lines = std::vector<std::string>;

TEST(TraceLint, AGoodTraceHasNoFinding) {
  EXPECT_TRUE(lint("0 1\n1 2\n2 3\n").findings.empty());
  EXPECT_TRUE(lint("0\n5\n5\n9\n").findings.empty());
}

TEST(TraceLint, NegativeRatesHoldTheRateBefore) {
  const auto linted = lint("time_s,rate_mbit_per_s\n0,10\n1,-3\n2,4\n3,end\n");
  EXPECT_EQ(linted.findings, Lines{"t:3: rate must be >= 0, got \"-3\" -> the rate before is held"});
  EXPECT_EQ(at(linted, 1.5), BitRate::mbit(10));
  EXPECT_EQ(at(linted, 2.5), BitRate::mbit(4));
}

TEST(TraceLint, AbsurdRatesAreFoundByLintAloneNotByReading) {
  const std::string_view glitch = "0 1\n1 2\n2 22000\n3 2\n";
  EXPECT_TRUE(parse_trace(glitch, "t", {}).ok());
  const auto linted = lint(glitch);
  EXPECT_EQ(linted.findings,
            Lines{"t:3: a rate above 20000 Mbit/s is absurd, got \"22000\" -> the rate before is held"});
  EXPECT_EQ(at(linted, 1.5), BitRate::mbit(2));
}

TEST(TraceLint, BitsPerSecondUnderTheNameOfMegabitsAreOneFinding) {
  const auto linted = lint("time_s,rate_mbit_per_s\n0,45000000\n1,52000000\n2,0\n3,48000000\n4,end\n");
  EXPECT_EQ(
      linted.findings,
      Lines{"t:2: 3 of 4 rates are as absurd as this one (a rate above 20000 Mbit/s is absurd, got "
            "\"45000000\"): the unit is probably another, such as bit/s (--rate-column, --rate-unit) -> "});
  const auto whisper = lint("time_s,rate_bit_per_s\n0,12\n1,45\n2,end\n");
  EXPECT_EQ(whisper.findings,
            Lines{"t:3: the highest rate is 45 bit/s: the unit is probably another, such as Mbit/s "
                  "(--rate-column, --rate-unit) -> "});
  EXPECT_TRUE(lint("time_s,rate_kbit_per_s\n0,12\n1,0.045\n2,end\n").findings.empty());
}

TEST(TraceLint, AColumnToldToBeInAnotherUnitThanItsNameSaysIsFound) {
  TraceReading reading;
  reading.columns.rate = "rate_kbps";
  reading.columns.rate_unit = "Mbit/s";
  EXPECT_EQ(lint("rate_kbps\n3\n", reading).findings,
            Lines{"t:1: the column \"rate_kbps\" says kbit/s and was told to be in Mbit/s -> "});
}

TEST(TraceLint, RowsOutOfOrderAreDropped) {
  const auto linted = lint("0 1\n2 2\n1 9\n2 8\n3 4\n");
  ASSERT_EQ(linted.findings.size(), 2U);
  EXPECT_EQ(linted.findings[0], "t:3: time must be later than in the row before -> the row is dropped");
  EXPECT_EQ(rate_trace_of(*linted.rate)->duration(), Duration::s(3));
  EXPECT_EQ(at(linted, 2.5), BitRate::mbit(4));
}

TEST(TraceLint, GapsAreCut) {
  const auto linted = lint("0 1\n1 2\n2 3\n3 4\n40 5\n41 6\n");
  EXPECT_EQ(linted.findings, Lines{"t:5: a gap: 37 s since the row before, where 1 s is usual -> cut to 1 s; "
                                   "what follows moves earlier"});
  EXPECT_EQ(rate_trace_of(*linted.rate)->duration(), Duration::s(5));
  EXPECT_EQ(at(linted, 4.5), BitRate::mbit(6));
}

TEST(TraceLint, ALineThatIsNoNumberIsDropped) {
  const auto linted = lint("0\n5\nx\n\n4\n9\n");
  ASSERT_EQ(linted.findings.size(), 3U);
  EXPECT_EQ(linted.findings[1], "t:4: a line must not be empty -> the line is dropped");
  EXPECT_EQ(linted.findings[2], "t:5: milliseconds must not decrease, got 4 after 5 -> the line is dropped");
  EXPECT_TRUE(linted.rate.ok());
}

TEST(TraceLint, WhatLintFindsIsWhatReadingRefuses) {
  for (const std::string_view text :
       {"time_s,rate_mbit_per_s\n0,10\n1,-3\n2,4\n3,end\n", "0 1\n2 2\n1 9\n3 4\n", "0\n5\n\n9\n",
        "[{\"duration_ms\": 0, \"bandwidth_kbps\": 1}, {\"duration_ms\": 5, \"bandwidth_kbps\": 1}]"}) {
    const auto linted = lint(text);
    const auto read = parse_trace(text, "t", {});
    ASSERT_FALSE(linted.findings.empty());
    ASSERT_FALSE(read.ok());
    EXPECT_TRUE(linted.findings[0].starts_with(read.error().message)) << linted.findings[0];
  }
}

TEST(TraceLint, EmptyFilesAreBeyondRepair) {
  EXPECT_FALSE(lint("").rate.ok());
  EXPECT_FALSE(lint("0\n0\n").rate.ok());
  EXPECT_FALSE(lint("time_s,rate_mbit_per_s\n").rate.ok());
}

}  // namespace
}  // namespace millrace
