#include "sim/trace/series_reader.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "sim/net/fluid_network.hpp"
#include "sim/net/link_events.hpp"

namespace millrace {
namespace {

Time ms(std::int64_t n) { return Time::zero() + Duration::ms(n); }

TEST(SeriesReader, ACsvHasItsUnitsAndItsEnd) {
  const auto delay =
      parse_delay_series("# drive\r\ntime_s,delay_ms\r\n0,10\r\n2,25.5\r\n3,end\r\n", "d", {}).value();
  EXPECT_EQ(delay.at(ms(0)), Duration::ms(10));
  EXPECT_EQ(delay.at(ms(1999)), Duration::ms(10));
  EXPECT_EQ(delay.at(ms(2000)), Duration::us(25'500));
  EXPECT_EQ(delay.at(ms(3000)), Duration::ms(10)) << "it loops";
  const auto held =
      parse_delay_series("time_ms,delay_us\n0,5\n10,7\n20,end\n", "d", {.at_end = TraceEnd::hold}).value();
  EXPECT_EQ(held.at(ms(500)), Duration::us(7));
  const auto loss =
      parse_loss_series("time_s,loss_percent\n0,0\n1,50\n2,end\n", "l", {.offset = Duration::ms(500)})
          .value();
  EXPECT_EQ(loss.at(ms(499)), 0);
  EXPECT_EQ(loss.at(ms(500)), 0.5);
}

TEST(SeriesReader, LeoReplayersLinesAreTenMillisecondsEach) {
  const auto delay = parse_delay_series("12\n16\n14\n", "d", {}).value();
  EXPECT_EQ(delay.at(ms(9)), Duration::ms(12));
  EXPECT_EQ(delay.at(ms(10)), Duration::ms(16));
  EXPECT_EQ(delay.at(ms(30)), Duration::ms(12));
}

TEST(SeriesReader, FaultsHaveTheirLine) {
  const auto fault = [](const char* text) { return parse_loss_series(text, "x", {}).error().message; };
  EXPECT_EQ(fault("time_s,loss\n0,1.01\n"), "x:2: loss must be a number from 0 to 1, got \"1.01\"");
  EXPECT_EQ(fault("time_s,loss\n1,0\n"), "x:2: the first row is at time 0 and times increase, got \"1\"");
  EXPECT_EQ(fault("time_s,loss\n0,0\n"), "x: a series needs rows, and a CSV a last row `<time>,end`");
  EXPECT_EQ(fault("12\n"), "x:1: the header must be time_{s,ms,us,ns},{loss,loss_percent}; got \"12\"");
  EXPECT_EQ(parse_delay_series("time_s,delay_ms\n0,-1\n", "x", {}).error().message,
            "x:2: delay must be a number from 0 to 1e+06 s, got \"-1\"");
}

// A link whose delay is a series, by hand; an event then ends the series.
TEST(SeriesReader, ALinkTakesTheDelayOfTheInstantItsLastBitLeaves) {
  LinkSpec link{DeviceId{0}, DeviceId{1}, BitRate::mbit(12)};
  link.delay = parse_delay_series("time_ms,delay_ms\n0,10\n5,40\n10,end\n", "d", {}).value();
  link = with_events(link, {{ms(100), DelayChange{Duration::ms(1)}}}).value();
  NetworkSpec spec{.devices = {"a", "b"}, .links = {link}, .transport = Transport::raw};
  const auto network = make_fluid_network(spec).value();
  std::uint64_t id = 0;
  for (const std::int64_t at : {0, 4, 100, 200})
    network->submit(ms(at), {TransferId{id++}, DeviceId{0}, DeviceId{1}, Bytes(1460)});
  for (const std::int64_t expected : {11, 45, 102, 202})
    EXPECT_EQ(network->run_until(Time::never())->at, ms(expected));
}

TEST(SeriesReader, ARecordedDelayIsRead) {
  const std::string path =
      std::string(MILLRACE_SOURCE_DIR) + "/../shared/traces/leocc-starlink/delay_example.txt";
  if (!std::ifstream(path)) GTEST_SKIP() << "needs ../shared/traces (recordings)";
  const auto delay = read_delay_series(path, {}).value();
  ASSERT_NE(delay.series(), nullptr);
  EXPECT_EQ(delay.series()->values.size(), 11'999U);
  EXPECT_EQ(delay.series()->end, Duration::ms(119'990));
  EXPECT_EQ(delay.at(ms(30)), Duration::ms(16));
}

}  // namespace
}  // namespace millrace
