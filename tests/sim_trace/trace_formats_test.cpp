// Foreign formats: tables, G-NetTrack, Sabre, iperf3.
#include <fmt/format.h>
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

TEST(TableTrace, UnitsAreThoseThatToolsPrint) {
  TraceReading reading;
  reading.columns.rate = "rate";
  reading.columns.unit_column = "unit";
  // iperf3 prints bits with prefixes of 1000 and "Bytes" with prefixes of 1024 (units.c).
  for (const auto& [unit, bit_per_s] : {std::pair("bit/s", 1),
                                        {"bits/sec", 1},
                                        {"Kbits/sec", 1'000},
                                        {"Mbits/sec", 1'000'000},
                                        {"Gbits/sec", 1'000'000'000},
                                        {"Bytes/sec", 8},
                                        {"KBytes/sec", 8 * 1024},
                                        {"MBytes/sec", 8 * 1024 * 1024},
                                        {"kbit/s", 1'000},
                                        {"Mb/s", 1'000'000},
                                        {"mbps", 1'000'000},
                                        {"Mbps", 1'000'000},
                                        {"kB/s", 8'000},
                                        {"MB/s", 8'000'000},
                                        {"KiB/s", 8 * 1024},
                                        {"MiB/s", 8 * 1024 * 1024}}) {
    const auto trace = rates(fmt::format("rate,unit\n3,{}\n", unit), reading);
    ASSERT_TRUE(trace) << unit << ": " << trace.error().message;
    EXPECT_EQ(at(**trace, 0.5), BitRate(std::int64_t{3} * bit_per_s)) << unit;
  }
  EXPECT_EQ(finding("rate,unit\n3,KB/s\n", reading),
            "t:2: \"KB/s\" is in doubt: it is 1000 bytes/s to some and 1024 to others; write kB/s or KiB/s");
  EXPECT_EQ(
      finding("rate,unit\n3,MBPS\n", reading),
      "t:2: \"MBPS\" is in doubt: all in capitals it may be of bits or of bytes; write Mbit/s or MB/s (k, M, "
      "G alike)");
}

TEST(TableTrace, ColumnsMayBeToldByNumberAndThenNoHeaderIsNeeded) {
  TraceReading reading;
  reading.columns.rate = "1";
  reading.columns.unit_column = "2";
  for (const char* text :
       {"2,Mbits/sec\n500,Kbits/sec\n1,bits/sec\n", "x,y\n2,Mbits/sec\n500,Kbits/sec\n1,bits/sec\n"}) {
    const auto trace = rates(text, reading).value();
    EXPECT_EQ(trace->duration(), Duration::s(3)) << text;
    EXPECT_EQ(at(*trace, 0.5), BitRate::mbit(2));
    EXPECT_EQ(at(*trace, 1.5), BitRate::kbit(500));
  }
  reading.columns.unit_column = "3";
  EXPECT_EQ(finding("2,Mbits/sec\n", reading), "t:1: there is no column 3; the row has 2");
  reading.columns.unit_column = "";
  reading.columns.rate_unit = "kbit/s";
  reading.columns.time = "2";
  const auto timed = rates("8,0\n9,2\n", reading).value();
  EXPECT_EQ(timed->duration(), Duration::s(4));
  EXPECT_EQ(at(*timed, 2.5), BitRate::kbit(9));
}

TEST(TableTrace, AKnownLayoutKeepsItsOwnClock) {
  const auto seconds = rates("time_s,throughput_mbps\n0.0,10\n0.1,10\n0.2,20\n").value();
  EXPECT_EQ(seconds->duration(), Duration::ms(300));
  EXPECT_EQ(at(*seconds, 0.25), BitRate::mbit(20));
  EXPECT_EQ(rates("throughput_mbps,Elapsed [ms]\n1,0\n2,50\n").value()->duration(), Duration::ms(100));
  EXPECT_EQ(rates("epoch_us,throughput_mbps\n7000000,1\n7500000,2\n").value()->duration(), Duration::s(1));
  EXPECT_EQ(rates("seq_num,throughput_mbps\n0,1\n7,2\n").value()->duration(), Duration::s(2));
  for (const char* text : {"timestamp,throughput_mbps\n0,10\n1,10\n", "t,throughput_mbps\n0,10\n1,10\n",
                           "time_s,time_ms,throughput_mbps\n0,0,10\n1,1000,10\n"})
    EXPECT_NE(finding(text).find("must be told its columns: convert it with `millrace trace convert"),
              std::string::npos)
        << finding(text);
}

TEST(TableTrace, AClockIsNotPassedOverWhereOnlyTheRateIsTold) {
  TraceReading reading;
  reading.columns.rate = "mbps";
  EXPECT_EQ(
      finding("time_ms,mbps\n0,1\n50,2\n", reading),
      "t:1: the column \"time_ms\" tells the time: give --time-column 'time_ms', or --step SECONDS if each "
      "row holds so long whatever it says");
  reading.columns.time = "time_ms";  // its name has the unit
  EXPECT_EQ(rates("time_ms,mbps\n0,1\n50,2\n", reading).value()->duration(), Duration::ms(100));
  reading.columns.time = "";
  reading.columns.step = Duration::ms(20);
  EXPECT_EQ(rates("time_ms,mbps\n0,1\n50,2\n", reading).value()->duration(), Duration::ms(40));
}

TEST(TableTrace, AColumnsNameSaysItsUnit) {
  for (const auto& [name, bit_per_s] : {std::pair("rate_kbps", 3'000),
                                        {"bps", 3},
                                        {"Throughput (Mbit/s)", 3'000'000},
                                        {"bits_per_second", 3},
                                        {"down_kBps", 24'000},
                                        {"rate", 3'000'000},
                                        {"bytes_per_sec", 24}}) {
    TraceReading reading;
    reading.columns.rate = name;
    const auto trace = rates(fmt::format("{}\n3\n", name), reading);
    ASSERT_TRUE(trace) << name << ": " << trace.error().message;
    EXPECT_EQ(at(**trace, 0.5), BitRate(bit_per_s)) << name;
  }
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
  EXPECT_EQ(finding(std::string(1'000, '['), json), "t: is nested deeper than 16");
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

TEST(JsonTraces, AKeyThatStandsTwiceIsRefused) {
  EXPECT_EQ(finding(R"([{"duration_ms": 5, "bandwidth_kbps": 1, "bandwidth_kbps": 9}])"),
            "t: has the key \"bandwidth_kbps\" twice in one object");
  EXPECT_EQ(finding(R"({"intervals": [{"sum": {"start": 0, "end": 1, "end": 2, "bits_per_second": 5}}]})"),
            "t: has the key \"end\" twice in one object");
}

}  // namespace
}  // namespace millrace
