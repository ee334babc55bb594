#include "sim/trace/trace_reader.hpp"

#include <gtest/gtest.h>

#include "sim/net/link_rate.hpp"

namespace millrace {
namespace {

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }

Result<LinkRate> parse(std::string_view text, TraceReading reading = {}) {
  return parse_trace(text, "t.csv", reading);
}
std::string finding(std::string_view text, TraceReading reading = {}) {
  const auto parsed = parse(text, reading);
  if (parsed.ok()) return "accepted";
  EXPECT_EQ(parsed.error().code, ExitCode::invalid_input);
  return parsed.error().message;
}
std::shared_ptr<const RateTrace> rates(std::string_view text, TraceReading reading = {}) {
  return std::get<std::shared_ptr<const RateTrace>>(parse(text, reading).value());
}

TEST(CsvTrace, RowsHoldUntilTheNext) {
  const auto t = rates("# made by hand\ntime_s,rate_mbit_per_s\n0,10\n1.5,0\n2,0.25\n4,end\n");
  EXPECT_EQ(t->duration(), Duration::s(4));
  EXPECT_EQ(t->rate_at(ms(1499)), BitRate::mbit(10));
  EXPECT_EQ(t->rate_at(ms(1500)), BitRate(0));
  EXPECT_EQ(t->rate_at(ms(3999)), BitRate::kbit(250));
  EXPECT_EQ(t->rate_at(ms(4000)), BitRate::mbit(10));
}

TEST(CsvTrace, UnitsStandInTheHeader) {
  EXPECT_EQ(rates("time_ms,rate_kbit_per_s\n0,64\n10,end\n")->rate_at(ms(5)), BitRate::kbit(64));
  EXPECT_EQ(rates("time_us,rate_bit_per_s\n0,7\n10,end\n")->duration(), Duration::us(10));
  EXPECT_EQ(rates("time_ns,rate_gbit_per_s\n0,1\n10,end")->rate_at(ms(1)), BitRate::mbit(1000));
}

TEST(CsvTrace, CrLfBlanksAndAByteOrderMarkAreAccepted) {
  const auto t = rates("\xEF\xBB\xBFtime_s, rate_mbit_per_s\r\n0 , 10\r\n# note\r\n1,\tend\r\n");
  EXPECT_EQ(t->rate_at(ms(0)), BitRate::mbit(10));
}

TEST(CsvTrace, HoldKeepsTheLastRowForEver) {
  const auto t = rates("time_s,rate_mbit_per_s\n0,10\n1,5\n2,end\n", {.at_end = TraceEnd::hold});
  EXPECT_EQ(t->rate_at(ms(60'000)), BitRate::mbit(5));
}

TEST(CsvTrace, AScaleBeyondTheFastestRateIsRefused) {
  TraceReading reading;
  reading.scale = 1e6;
  const auto scaled = parse_trace("time_s,rate_gbit_per_s\n0,100000\n1,end\n", "t.csv", reading);
  ASSERT_FALSE(scaled.ok());
  EXPECT_EQ(scaled.error().message,
            "t.csv: the scale 1e+06 makes a rate of 1e+20 bit/s; rates are at most 1000 Tbit/s");
}

TEST(CsvTrace, ErrorsSayWhereAndWhat) {
  const std::string head = "time_s,rate_mbit_per_s\n";
  EXPECT_EQ(finding(head + "0,1\n1,-3\n"), "t.csv:3: rate must be >= 0, got \"-3\"");
  EXPECT_EQ(finding(head + "0,1\n0,2\n"), "t.csv:3: time must be later than in the row before");
  EXPECT_EQ(finding(head + "1,1\n"), "t.csv:2: the first row must be at time 0");
  EXPECT_EQ(finding(head + "0,fast\n"), "t.csv:2: rate must be a number, got \"fast\"");
  EXPECT_EQ(finding(head + "0,nan\n"), "t.csv:2: rate must be a number, got \"nan\"");
  EXPECT_EQ(finding(head + "0,1 2\n"), "t.csv:2: rate must be a number, got \"1 2\"");
  EXPECT_EQ(finding(head + "0,1,2\n"), "t.csv:2: rate must be a number, got \"1,2\"");
  EXPECT_EQ(finding(head + "0,1000000001\n"), "t.csv:2: rate must be <= 1000 Tbit/s, got \"1000000001\"");
  EXPECT_EQ(finding(head + "0,1\n1,end\n2,1\n"), "t.csv:4: nothing may follow the row that says end");
  EXPECT_EQ(finding(head + "0,1\n\n1,end\n"), "t.csv:3: time must be a number, got \"\"");
  EXPECT_EQ(finding(head + "0,1\n2000000000,end\n"), "t.csv:3: a trace may last 1e+09 s");
  EXPECT_EQ(finding(head + "0,1\n1e300,end\n"), "t.csv:3: a trace may last 1e+09 s");
  EXPECT_EQ(finding(head + "0,1\n"),
            "t.csv: a CSV trace needs rows and a last row `<time>,end` that says how long they hold");
  EXPECT_EQ(finding(head + "0,end\n"),
            "t.csv: a CSV trace needs rows and a last row `<time>,end` that says how long they hold");
  EXPECT_EQ(finding("time,rate\n0,1\n"),
            "t.csv:1: the header must be time_{s,ms,us,ns},rate_{bit,kbit,mbit,gbit}_per_s, such as "
            "time_s,rate_mbit_per_s; got \"time,rate\"");
  EXPECT_EQ(finding(head + "0," + std::string(5000, '1') + "\n"),
            "t.csv:2: a line may have 4096 bytes, got 5002");
}

TEST(MahimahiTrace, LinesAreOpportunities) {
  const auto parsed = parse("0\n5\r\n5\n9").value();
  const auto schedule = std::get<std::shared_ptr<const DeliverySchedule>>(parsed);
  EXPECT_EQ(schedule->milliseconds(), (std::vector<std::uint64_t>{0, 5, 5, 9}));
}

TEST(MahimahiTrace, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(finding("1\n\n2\n"), "t.csv:2: a line must not be empty");
  EXPECT_EQ(finding("1\n5\n4\n"), "t.csv:3: milliseconds must not decrease, got 4 after 5");
  EXPECT_EQ(finding("0\n0\n"), "t.csv:2: the last value is the period and must not be 0");
  EXPECT_EQ(finding("1\n-2\n"),
            "t.csv:2: a line must be a whole number of milliseconds up to 1000000000000, got \"-2\"");
  EXPECT_EQ(finding("1\n99999999999999999999999\n"),
            "t.csv:2: a line must be a whole number of milliseconds up to 1000000000000, got "
            "\"99999999999999999999999\"");
  EXPECT_EQ(finding("", {.format = TraceFormat::mahimahi}), "t.csv: a mahimahi trace must not be empty");
  EXPECT_EQ(finding("1\n", {.at_end = TraceEnd::hold}),
            "t.csv: a mahimahi trace always loops (its last value is its period); it has no other end");
}

TEST(TwoColumnTrace, RowsHoldOverTheIntervalTheyEnd) {
  const auto t = rates("180.0\t99\r\n185.0\t1.5\r\n190.5\t0\r\n");
  EXPECT_EQ(t->duration(), Duration::ms(10'500));
  EXPECT_EQ(t->rate_at(ms(0)), BitRate::kbit(1500));
  EXPECT_EQ(t->rate_at(ms(4999)), BitRate::kbit(1500));
  EXPECT_EQ(t->rate_at(ms(5000)), BitRate(0));
}

TEST(TwoColumnTrace, OrOverTheIntervalTheyStart) {
  const auto t = rates("3 99\n4 1.5\n", {.row_interval = TraceRows::starting});
  EXPECT_EQ(t->duration(), Duration::s(2));
  EXPECT_EQ(t->rate_at(ms(500)), BitRate::mbit(99));
  EXPECT_EQ(t->rate_at(ms(1500)), BitRate::kbit(1500));
}

TEST(TwoColumnTrace, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(finding("1 1\n1 2\n"), "t.csv:2: time must be later than in the row before");
  EXPECT_EQ(finding("1 1\n0.5 2\n"), "t.csv:2: time must be later than in the row before");
  EXPECT_EQ(finding("1 1\n2\n"), "t.csv:2: a row must be `time_s Mbit/s`, got \"2\"");
  EXPECT_EQ(finding("1 1\n2 1 7\n"), "t.csv:2: rate must be a number, got \"1 7\"");
  EXPECT_EQ(finding("1 1\n"), "t.csv: a two-column trace needs at least two rows");
}

TEST(TraceFormat, IsSeenFromTheFirstLine) {
  const auto format = [](std::string_view text) { return detect_trace_format(text, "t").value(); };
  EXPECT_EQ(format("# c\ntime_s,rate_mbit_per_s\n"), TraceFormat::csv);
  EXPECT_EQ(format("17\n"), TraceFormat::mahimahi);
  EXPECT_EQ(format("0.0\t1\n"), TraceFormat::two_column);
  EXPECT_EQ(format("0 1e-3\r\n"), TraceFormat::two_column);
  EXPECT_FALSE(detect_trace_format("<a>1</a>", "t").ok());
  EXPECT_FALSE(detect_trace_format("\n17\n", "t").ok());
  EXPECT_EQ(detect_trace_format("", "t").error().message, "t: the trace is empty");
}

TEST(TraceFile, AMissingFileIsAnError) {
  const auto read = read_trace("no/such/trace.csv", {});
  EXPECT_EQ(read.error().message, "no/such/trace.csv: the trace cannot be opened");
  EXPECT_FALSE(read_trace(MILLRACE_SOURCE_DIR, {}).ok());
}

}  // namespace
}  // namespace millrace
