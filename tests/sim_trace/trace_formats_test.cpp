// Formats of others: tables, G-NetTrack, Sabre, iperf3.
#include <gtest/gtest.h>

#include "sim/net/link_rate.hpp"
#include "sim/trace/trace_reader.hpp"

namespace millrace {
namespace {

Result<std::shared_ptr<const RateTrace>> rates(std::string_view text, const TraceReading& reading = {}) {
  const auto parsed = parse_trace(text, "t", reading);
  if (!parsed) return parsed.error();
  return rate_trace_of(*parsed);
}
std::string finding(std::string_view text, const TraceReading& reading = {}) {
  const auto parsed = rates(text, reading);
  return parsed ? "accepted" : parsed.error().message;
}
BitRate at(const RateTrace& trace, double seconds) {
  return trace.rate_at(Time::zero() + Duration::from_seconds(seconds));
}

TEST(TableTrace, ColumnsAndUnitsAreTold) {
  TraceReading reading;
  reading.columns.time = "t";
  reading.columns.time_unit = "ms";
  reading.columns.rate = "down, really";
  reading.columns.rate_unit = "kB/s";
  const auto trace = rates("x,t,\"down, really\"\r\n9,100,1\r\n9,200,2.5\r\n9,400,0\r\n", reading).value();
  EXPECT_EQ(trace->duration(), Duration::ms(500));  // the last row holds as long as the one before
  EXPECT_EQ(at(*trace, 0.05), BitRate(8'000));
  EXPECT_EQ(at(*trace, 0.25), BitRate(20'000));
  EXPECT_EQ(at(*trace, 0.45), BitRate(0));
}

TEST(TableTrace, ARowMayHaveItsOwnUnit) {
  TraceReading reading;
  reading.columns.rate = "rate";
  reading.columns.unit_column = "unit";
  const auto trace = rates("rate,unit\n3,Kbits\n2,Mbits\n1,Gbits\n", reading).value();
  EXPECT_EQ(at(*trace, 0.5), BitRate::kbit(3));
  EXPECT_EQ(at(*trace, 2.5), BitRate::mbit(1000));
  EXPECT_EQ(finding("rate,unit\n3,furlongs\n", reading).substr(0, 37),
            "t:2: \"furlongs\" is no unit known here");
}

TEST(TableTrace, ErrorsNameTheColumnsThereAre) {
  TraceReading reading;
  reading.columns.rate = "rat";
  EXPECT_EQ(finding("time,rate\n1,2\n", reading),
            "t:1: there is no column \"rat\"; the header has: time, rate");
  EXPECT_EQ(finding("a,b_throughput_mbps,c_throughput_mbps\n1,2,3\n"),
            "t:1: this table has several series: choose one of b_throughput_mbps, c_throughput_mbps");
}

TEST(TableTrace, ARunOfManyIsChosenByItsSeries) {
  const std::string_view text =
      "protocol,carrier,num_tcp_conn,server_location,run_num,seq_num,throughput_mbps\n"
      "TCP,A,1,East,1,0,10\nTCP,A,8,East,1,0,80\nTCP,A,1,East,1,1,20\nTCP,B,1,East,1,0,99\n";
  const auto trace = rates(text, {.series = "A/TCPx1/East"}).value();
  EXPECT_EQ(trace->duration(), Duration::s(2));
  EXPECT_EQ(at(*trace, 1.5), BitRate::mbit(20));
  EXPECT_EQ(finding(text),
            "t:1: this table holds many runs: choose with a series such as SPRINT/TCPx1/US-East");
  EXPECT_EQ(finding(text, {.series = "C/TCPx1/East"}), "t: no row of the table holds a rate of this series");
}

TEST(GNetTrack, RowsOfOneSecondAreTheirMeanAndMissingOnesHold) {
  const std::string_view text =
      "Timestamp,Speed,DL_bitrate,UL_bitrate\n"
      "2020.01.16_23.59.58,1,100,1\n2020.01.16_23.59.58,1,200,2\n2020.01.16_23.59.59,1,-,3\n"
      "2020.01.17_00.00.02,1,400,4\n";
  const auto down = rates(text).value();
  EXPECT_EQ(down->duration(), Duration::s(3));
  EXPECT_EQ(at(*down, 0.5), BitRate::kbit(150));
  EXPECT_EQ(at(*down, 1.5), BitRate::kbit(150));
  EXPECT_EQ(at(*down, 2.5), BitRate::kbit(400));
  EXPECT_EQ(at(*rates(text, {.series = "UL_bitrate"}).value(), 0.5), BitRate(1'500));
  EXPECT_EQ(finding("Timestamp,DL_bitrate\n2020-01-16,3\n"),
            "t:2: time must be YYYY.MM.DD_HH.MM.SS, got \"2020-01-16\"");
}

TEST(SabreTrace, EntriesFollowOneAnother) {
  const auto trace = rates(R"([{"duration_ms": 500, "bandwidth_kbps": 1000, "latency_ms": 20},
                               {"duration_ms": 1500, "bandwidth_kbps": 0, "latency_ms": 20}])")
                         .value();
  EXPECT_EQ(trace->duration(), Duration::s(2));
  EXPECT_EQ(at(*trace, 0.4), BitRate::mbit(1));
  EXPECT_EQ(at(*trace, 0.6), BitRate(0));
  EXPECT_EQ(finding(R"([{"duration_ms": 500, "bandwidth_kbps": -1}])"),
            "t: entry 1: rate must be >= 0, got \"-1\"");
  EXPECT_EQ(finding("[]"),
            "t: a sabre trace is a list of {\"duration_ms\", \"bandwidth_kbps\", \"latency_ms\"}");
  const TraceReading json{.format = TraceFormat::sabre};
  EXPECT_EQ(finding(std::string(1'000, '['), json), "t: not JSON: nested deeper than 16");
}

TEST(Iperf3Trace, OmittedIntervalsAreSkipped) {
  const auto trace = rates(R"({"intervals": [
      {"sum": {"start": 0, "end": 1, "bits_per_second": 5e6, "omitted": true}},
      {"sum": {"start": 1, "end": 2, "bits_per_second": 7e6, "omitted": false},
       "sum_bidir_reverse": {"start": 1, "end": 2, "bits_per_second": 3e6, "omitted": false}}]})")
                         .value();
  EXPECT_EQ(trace->duration(), Duration::s(1));
  EXPECT_EQ(at(*trace, 0.5), BitRate::mbit(7));
}

TEST(TraceShift, AnOffsetTurnsALoopAndCutsTheRest) {
  const std::string_view text = "time_s,rate_mbit_per_s\n0,1\n1,2\n3,4\n4,end\n";
  const auto loop = rates(text, {.offset = Duration::s(2), .scale = 10}).value();
  EXPECT_EQ(loop->duration(), Duration::s(4));
  EXPECT_EQ(at(*loop, 0.5), BitRate::mbit(20));
  EXPECT_EQ(at(*loop, 1.5), BitRate::mbit(40));
  EXPECT_EQ(at(*loop, 2.5), BitRate::mbit(10));
  EXPECT_EQ(at(*loop, 3.5), BitRate::mbit(20));
  const auto once = rates(text, {.at_end = TraceEnd::once, .offset = Duration::s(2)}).value();
  EXPECT_EQ(once->duration(), Duration::s(2));
  EXPECT_EQ(at(*once, 1.5), BitRate::mbit(4));
  EXPECT_EQ(at(*once, 2.5), BitRate(0));
  EXPECT_EQ(once->cumulative(Time::zero() + Duration::s(9)), once->total());
  EXPECT_FALSE(once->when(once->total() + 1).has_value());
  EXPECT_EQ(finding(text, {.offset = Duration::s(4)}),
            "t: the offset 4 s is not before the trace's end at 4 s");
}

TEST(TraceShift, AScheduleIsTurnedByWholeMilliseconds) {
  const auto parsed = parse_trace("1\n4\n4\n10\n", "t", {.offset = Duration::ms(3)}).value();
  const auto& schedule = *std::get<std::shared_ptr<const DeliverySchedule>>(parsed);
  EXPECT_EQ(schedule.milliseconds(), (std::vector<std::uint64_t>{1, 1, 7, 8, 10}));
}

}  // namespace
}  // namespace millrace
