// Helpers of the packet-level validation tests: bulk transfers back to back, and their measured arrivals.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "sim/ns3/ns3_network.hpp"

namespace millrace {

inline void join(NetworkSpec& spec, std::uint32_t a, std::uint32_t b, LinkRate rate, Duration delay,
                 Bytes queue = Bytes::kib(256)) {
  for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)})
    spec.links.push_back({DeviceId{from}, DeviceId{to}, rate, delay, queue});
}

struct Probe {
  DeviceId from, to;
  Bytes size;
  Duration every;  // from one departure to the next
};

struct Measured {
  std::vector<double> mbit_per_s;     // per bulk pair, payload, from `from` on
  std::vector<Duration> probe_times;  // of probes that departed from `from` on, in order of arrival
};

// Messages of 64 KiB between every pair, with a few under way, and probes meanwhile.
class Bulk {
 public:
  explicit Bulk(const NetworkSpec& spec, LinkMeter* meter = nullptr)
      : network_(make_ns3_network(spec, {.meter = meter}).value()) {}

  Measured run(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& pairs, Duration from, Duration to,
               std::optional<Probe> probe = {}) {
    constexpr Bytes kMessage = Bytes::kib(64);
    std::map<std::uint64_t, std::size_t> pair_of;
    std::map<std::uint64_t, Time> probes;
    std::vector<double> bits(pairs.size());
    std::uint64_t next = 0;
    const auto send = [&](std::size_t pair) {
      pair_of[next] = pair;
      network_->submit(network_->now(), {TransferId{next++}, DeviceId{pairs[pair].first},
                                         DeviceId{pairs[pair].second}, kMessage});
    };
    for (std::size_t pair = 0; pair < pairs.size(); ++pair)
      for (int ahead = 0; ahead < 64; ++ahead) send(pair);
    if (probe)
      for (Time at = Time::zero(); at < Time::zero() + to; at = at + probe->every) {
        probes[next] = at;
        network_->submit(at, {TransferId{next++}, probe->from, probe->to, probe->size});
      }
    Measured measured;
    while (const auto d = network_->run_until(Time::zero() + to)) {
      const bool counts = d->at >= Time::zero() + from;
      if (const auto sent = probes.find(d->id.value); sent != probes.end()) {
        if (sent->second >= Time::zero() + from) measured.probe_times.push_back(d->at - sent->second);
        continue;
      }
      const std::size_t pair = pair_of.at(d->id.value);
      if (counts) bits[pair] += static_cast<double>(kMessage.bits());
      send(pair);
    }
    for (const double got : bits) measured.mbit_per_s.push_back(got / (to - from).seconds() / 1e6);
    return measured;
  }

 private:
  std::unique_ptr<Network> network_;
};

inline Duration median(std::vector<Duration> values) {
  std::sort(values.begin(), values.end());
  return values.at(values.size() / 2);
}

}  // namespace millrace
