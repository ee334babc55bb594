// The scenario's network as real links of this machine: a network namespace per device, and a veth pair per
// link, each end shaped to its direction's rate by the kernel. A link with more than a rate (delay, losses,
// layer-2 overhead, a queue discipline, a shared medium) is a pair of TAP devices instead, between which a
// LinkEmulator carries both directions. Packets take the routes of the simulated networks (Routes). The host
// has a namespace of its own, joined to every device by an unshaped pair, so that its messages do not use the
// links. Nothing of this is visible outside, and all of it ends with the process.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/shaping/shaper.hpp"
#include "runtime/shaping/token_bucket.hpp"
#include "sim/links/link_emulator.hpp"
#include "sim/links/network_namespace.hpp"
#include "sim/links/real_cross_traffic.hpp"
#include "sim/links/tap_device.hpp"
#include "sim/links/trace_schedule.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/net/network_taps.hpp"

namespace millrace {

// A change of rate that takes effect later than this fails the run.
inline constexpr Duration kLatestChange = Duration::ms(100);

// A link whose rate is always lower is refused: at 1 kbit/s a packet of 1500 bytes takes 12 s, and the probe
// has to count several packets.
inline constexpr BitRate kSlowestPeak = BitRate::kbit(1);
// Until the traces begin no link is slower than this: the messages before (keys, greetings) have time-outs of
// seconds and are not part of the run.
inline constexpr BitRate kSetUpRate = BitRate::mbit(1);

class RealLinks {
 public:
  struct Probed {
    std::string from, to;
    BitRate asked, measured;
    // Of links that an emulator carries: at time 0.
    struct Packets {
      Duration asked_delay, measured_delay;
      double asked_loss = 0;  // share of packets, the mean of a loss model
      std::uint64_t sent = 0, received = 0;
    };
    std::optional<Packets> packets{};
  };

  // An error (exit code 3) says why this network cannot be made of real links: Wi-Fi, or links too slow to
  // be measured.
  static Result<void> check(const NetworkSpec& spec);
  // Needs root, `ip`, and the token bucket filter or TAP devices. Warns where the congestion control is not
  // as requested. A packet that an emulated link delivers later than `lateness` fails the run at stop().
  // `captures`: links whose packets are captured from time 0 on; they are TAP devices. `unwritten`, for what
  // could not be captured, is REQUIRED with captures, complete after stop(), and outlives this.
  static Result<std::unique_ptr<RealLinks>> build(const NetworkSpec& spec, Duration lateness,
                                                  std::vector<NetworkTaps::Capture> captures = {},
                                                  std::vector<std::string>* unwritten = nullptr);
  // Leaves the host's namespace, if it was entered.
  ~RealLinks();
  RealLinks(const RealLinks&) = delete;
  RealLinks& operator=(const RealLinks&) = delete;

  // Moves the calling thread into the host's namespace until this object ends.
  Result<void> enter_host();
  std::string host_address() const;
  const NetworkNamespace& device(DeviceId device) const { return devices_.at(device.value); }
  // Measures every link on the routes between the given pairs of devices, at its peak rate, one after the
  // other; a link that is off is measured a second and a third time. Exit code 4 where a link stays off.
  // Leaves no packets in the queues; until start() every link carries kSetUpRate at least.
  Result<std::vector<Probed>> probe(const std::vector<std::pair<DeviceId, DeviceId>>& ways);
  // Traces begin now.
  Result<void> start();
  // Exit code 4 where shaping failed, or a change or a frame came too late.
  Result<void> stop();
  // How late frames of emulated links were handed over during the run; after stop().
  const LatenessCounts& lateness() const { return late_; }
  // Null where the scenario has none.
  const RealCrossTraffic* cross_traffic() const { return cross_traffic_.get(); }

 private:
  RealLinks(const NetworkSpec& spec, Duration lateness, std::vector<NetworkTaps::Capture> captures,
            std::vector<std::string>* unwritten);
  Result<void> join();
  Result<void> make_taps();
  void make_emulator();
  Result<LinkEmulator::Captures> open_captures() const;
  LinkEmulator::Setup setup_of(std::size_t link) const;
  enum class Losses { as_asked, none };
  std::vector<LinkEmulator::Setup> at_rest(BitRate least, Losses losses) const;
  Result<void> set_up_host();
  Result<void> set_up(DeviceId device);
  Result<void> shape(std::size_t link);
  Result<void> empty_queues(std::size_t link);
  Result<Probed> probe_link(std::size_t link);
  Result<Probed> probe_packets(std::size_t link);
  std::uint32_t address_of(DeviceId device) const;
  std::string address(DeviceId device) const;

  struct Shaped {
    std::unique_ptr<TraceSchedule> schedule;
    BitRate peak;
    std::unique_ptr<TokenBucket> bucket;  // null: emulated
    bool emulated = false;
  };

  NetworkSpec spec_;
  Duration lateness_;
  std::vector<NetworkTaps::Capture> captures_;
  std::vector<std::string>* unwritten_;
  std::vector<NetworkNamespace> devices_;
  std::unique_ptr<NetworkNamespace> host_, outside_;
  std::vector<Shaped> shaped_;  // per link
  std::unique_ptr<Shaper> shaper_;
  std::map<std::pair<DeviceId, DeviceId>, TapDevice> taps_;  // at the first, towards the second
  std::unique_ptr<LinkEmulator> emulator_;
  std::vector<std::size_t> carriers_;  // of the emulator: the first link of each
  std::vector<std::size_t> carried_;   // of the emulator: the link of each direction
  std::unique_ptr<RealCrossTraffic> cross_traffic_;
  LatenessCounts late_;
};

}  // namespace millrace
