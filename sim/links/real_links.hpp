// The scenario's network as real links of this machine: a network namespace per device, a veth pair per link,
// each end shaped to its direction's rate. Packets go the ways that the simulated networks use (Routes); the
// host sits in a namespace of its own, joined to every device by an unshaped pair, so that its words do not
// use the links. Nothing of it is visible outside, and all of it ends with the process.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/shaping/shaper.hpp"
#include "runtime/shaping/token_bucket.hpp"
#include "sim/links/network_namespace.hpp"
#include "sim/links/trace_schedule.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// Shaping that came later than this into effect is no longer what was asked.
inline constexpr Duration kLatestChange = Duration::ms(100);

// A link whose rate is never higher is refused: at 1 kbit/s a packet of 1500 bytes takes 12 s, and the probe
// has to count some.
inline constexpr BitRate kSlowestPeak = BitRate::kbit(1);
// Until the traces begin no link is slower: what devices say to each other before (keys, greetings) has
// time-outs of seconds and is no part of the run.
inline constexpr BitRate kSetUpRate = BitRate::mbit(1);

class RealLinks {
 public:
  struct Probed {
    std::string from, to;
    BitRate asked, measured;
  };

  // Why this network cannot be made of real links (exit code 3): delays and losses, which nothing here
  // imposes, and links too slow to be measured.
  static Result<void> check(const NetworkSpec& spec);
  // Needs root, `ip` and the token bucket filter. Warns where the congestion control is not the one asked
  // for.
  static Result<std::unique_ptr<RealLinks>> build(const NetworkSpec& spec);
  // Leaves the host's namespace, if it was entered.
  ~RealLinks();
  RealLinks(const RealLinks&) = delete;
  RealLinks& operator=(const RealLinks&) = delete;

  // Moves the calling thread into the host's namespace until this object ends.
  Result<void> enter_host();
  std::string host_address() const;
  const NetworkNamespace& device(DeviceId device) const { return devices_.at(device.value); }
  // Measures every link on the way from one device to the next, at its peak rate, one after the other; a link
  // that is off gets a second and a third chance. Exit code 4 where one stays off. Nothing of it is left in
  // the queues; until start() every link carries kSetUpRate at least.
  Result<std::vector<Probed>> probe(const std::vector<std::pair<DeviceId, DeviceId>>& ways);
  // Traces begin now.
  Result<void> start();
  // Exit code 4 where shaping failed or a change came too late.
  Result<void> stop();

 private:
  explicit RealLinks(const NetworkSpec& spec);
  Result<void> join();
  Result<void> set_up_host();
  Result<void> set_up(DeviceId device);
  Result<void> shape(std::size_t link);
  Result<void> empty_queues(std::size_t link);
  Result<Probed> probe_link(std::size_t link);
  std::string address(DeviceId device) const;

  struct Shaped {
    std::unique_ptr<TraceSchedule> schedule;
    BitRate peak;
    std::unique_ptr<TokenBucket> bucket;
  };

  NetworkSpec spec_;
  std::vector<NetworkNamespace> devices_;
  std::unique_ptr<NetworkNamespace> host_, outside_;
  std::vector<Shaped> shaped_;  // per link
  std::unique_ptr<Shaper> shaper_;
};

}  // namespace millrace
