// The least throughput of a static link and of a replayed recording. `millrace-bench network` runs all
// recordings.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <fstream>

#include "sim/net/fluid_network.hpp"
#include "sim/net/framing.hpp"
#include "sim/ns3/ns3_network.hpp"
#include "sim/trace/trace_reader.hpp"
#include "tests/support/trace_replay.hpp"

namespace millrace {
namespace {

TEST(StaticLink, RawCarriesItsRateTimesThePayloadsShare) {
  for (const std::int64_t mbit : {1, 10, 100, 1000}) {
    NetworkSpec spec = replay_spec(BitRate::mbit(mbit));
    const auto network = make_ns3_network(spec).value();
    const Bytes size(1460 * std::max<std::int64_t>(500, mbit * 20));
    network->submit(Time::zero(), {TransferId{1}, DeviceId{0}, DeviceId{1}, size});
    const double goodput = static_cast<double>(size.bits()) / network->run_until(Time::never())->at.seconds();
    const double expected = static_cast<double>(mbit) * 1e6 * 1460 / 1500;
    EXPECT_NEAR(goodput, expected, 0.001 * expected) << mbit << " Mbit/s";
  }
}

TEST(TraceReplay, BothNetworksCarryTheIntegralOfARecording) {
  for (const char* file : {"mahimahi/ATT-LTE-driving-2016.up", "mahimahi/Verizon-EVDO-driving.down"}) {
    const std::string path = std::string(MILLRACE_SOURCE_DIR) + "/../shared/traces/" + file;
    if (!std::ifstream(path)) GTEST_SKIP() << "needs ../shared/traces (recordings)";
    const LinkRate rate = read_trace(path, {}).value();
    const NetworkSpec spec = replay_spec(rate);
    for (const bool fluid : {true, false}) {
      const auto network = fluid ? make_fluid_network(spec).value() : make_ns3_network(spec).value();
      const Replay got = replay(*network, rate);
      EXPECT_LE(got.error, 0.002) << file << (fluid ? ", fluid" : ", ns-3");
      EXPECT_LE(got.worst_window, 0.01) << file << (fluid ? ", fluid" : ", ns-3");
    }
  }
}

}  // namespace
}  // namespace millrace
