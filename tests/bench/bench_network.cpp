// Throughput of the networks against their capacity, and the cost of our layer over ns-3.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "sim/net/fluid_network.hpp"
#include "sim/net/framing.hpp"
#include "sim/ns3/ns3_network.hpp"
#include "sim/trace/trace_reader.hpp"
#include "tests/bench/bench.hpp"
#include "tests/sim_ns3/bare_bulk.hpp"
#include "tests/support/trace_replay.hpp"

namespace millrace::bench {

namespace {

constexpr double kSimulated_s = 4;
constexpr std::int64_t kMbitPerS = 100;
constexpr Duration kDelay = Duration::ms(10);
constexpr Bytes kQueue = Bytes(250'000);  // one bandwidth-delay product

NetworkSpec pair_of(std::int64_t mbit, Bytes queue) {
  NetworkSpec spec;
  spec.devices = {"a", "b"};
  for (std::uint32_t i = 0; i < 2; ++i)
    spec.links.push_back({DeviceId{i}, DeviceId{1 - i}, BitRate::mbit(mbit), kDelay, queue});
  return spec;
}

// The same route from a to b, but the queue is at a router, where excess packets are dropped.
NetworkSpec by_way_of_a_router(std::int64_t mbit, Bytes queue) {
  NetworkSpec spec;
  spec.devices = {"a", "b", "router"};
  for (const auto& [from, to] : {std::pair(2U, 1U), {1U, 2U}})
    spec.links.push_back({DeviceId{from}, DeviceId{to}, BitRate::mbit(mbit), kDelay, queue});
  for (const auto& [from, to] : {std::pair(0U, 2U), {2U, 0U}})
    spec.links.push_back({DeviceId{from}, DeviceId{to}, BitRate::mbit(10 * mbit), Duration{}, queue});
  return spec;
}

// Events per second of the wall clock; `share` gets the used share of the capacity after the first second.
double our_events_per_s(const NetworkSpec& spec, double simulated_s, double* share = nullptr) {
  const auto network = make_ns3_network(spec).value();
  constexpr Bytes kMessage = Bytes::kib(256);
  std::uint64_t sent = 0;
  const auto send = [&] {
    network->submit(network->now(), {TransferId{sent++}, DeviceId{0}, DeviceId{1}, kMessage});
  };
  for (int ahead = 0; ahead < 64; ++ahead) send();
  double bits = 0;
  std::optional<Time> first;
  Time last;
  const double seconds = seconds_of([&] {
    while (const auto d = network->run_until(Time::zero() + Duration::from_seconds(simulated_s))) {
      send();
      if (d->at.seconds() < 1) continue;
      if (first) bits += static_cast<double>(kMessage.bits());
      if (!first) first = d->at;
      last = d->at;
    }
  });
  const auto rate = static_cast<double>(std::get<BitRate>(spec.links[0].rate).bit_per_s());
  if (share != nullptr) *share = bits / (last - first.value()).seconds() / rate / (1448.0 / 1500);
  return static_cast<double>(simulated_events()) / seconds;
}

void bench_events(Report& report) {
  const auto spec = pair_of(kMbitPerS, kQueue);
  const double ratio = median_ratio(
      [&] { return our_events_per_s(spec, kSimulated_s); },
      [&] {
        const auto bare =
            run_bare_bulk({.mbit_per_s = kMbitPerS, .queue = kQueue, .simulated_s = kSimulated_s});
        return bare.events / bare.seconds;
      },
      7);
  report.add({"ns3.events_x_bare", ratio, "x", "simulated events per second, a CUBIC flow of 100 Mbit/s"});
  double share = 0;
  our_events_per_s(by_way_of_a_router(1000, Bytes(2'500'000)), 3, &share);
  report.add({"ns3.cubic_share.1000mbit", share, "", "of the capacity after the first second"});
}

void bench_replay(Report& report) {
  const auto folder = std::filesystem::path(MILLRACE_SOURCE_DIR) / ".." / "shared" / "traces";
  std::vector<std::string> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "mahimahi", ignored))
    files.push_back(entry.path().string());
  if (std::filesystem::exists(folder / "leocc-starlink", ignored))
    files.push_back((folder / "leocc-starlink" / "bw_example.txt").string());
  std::sort(files.begin(), files.end());
  if (files.empty()) fmt::print("no recordings beside this tree (../shared/traces): nothing to replay\n");
  for (const bool fluid : {true, false}) {
    Replay worst;
    for (const auto& file : files) {
      const LinkRate rate = read_trace(file, {}).value();
      const auto spec = replay_spec(rate);
      const auto network = fluid ? make_fluid_network(spec).value() : make_ns3_network(spec).value();
      const Replay got = replay(*network, rate);
      worst.error = std::max(worst.error, got.error);
      worst.worst_window = std::max(worst.worst_window, got.worst_window);
      worst.packets += got.packets;
    }
    if (files.empty()) continue;
    const std::string name = fluid ? "fluid" : "ns3";
    report.add({"trace.replay.worst_error." + name, worst.error, "",
                fmt::format("of all bytes, {} recordings, {} packets", files.size(), worst.packets)});
    report.add({"trace.replay.worst_window." + name, worst.worst_window, "",
                "of a window of 1 s, beyond one packet"});
  }
}

}  // namespace

void bench_network(Report& report) {
  bench_events(report);
  bench_replay(report);
}

}  // namespace millrace::bench
