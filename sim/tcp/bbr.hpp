// BBR, version 1, as Linux has it (net/ipv4/tcp_bbr.c; draft-cardwell-iccrg-bbr-congestion-control-00): the
// window and the pacing rate follow from the highest delivery rate of the last ten round trips and the
// shortest round trip of the last ten seconds. Losses do not lower them. Of Linux's parts the detection of
// token-bucket policers (lt_bw), which begins at 20 % of loss, is left out.
//
// Counts are packets of full size, rates packets per second.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "runtime/base/random.hpp"
#include "runtime/base/time.hpp"

namespace millrace {

// How fast packets were delivered, seen at one acknowledgement (tcp_rate.c).
struct DeliverySample {
  enum class State : std::uint8_t { open, recovery, loss };
  Time now;
  State state = State::open;
  double acknowledged = 0;  // packets newly delivered
  double lost = 0;          // packets newly taken for lost
  double delivered = 0;     // in all, this acknowledgement's included
  double in_flight = 0;     // after it
  double in_flight_before = 0;
  // Of the packet sent last among those: packets that had been delivered when it was sent; packets and time
  // since then, the longer of the times of sending and of acknowledging. No interval: the sample says
  // nothing.
  double delivered_before = 0;
  double sample = 0;
  std::optional<Duration> interval;
  bool application_limited = false;
  std::optional<Duration> rtt;  // of that packet, if it was sent only once
};

class Bbr {
 public:
  static constexpr double kLeastWindow = 4;

  explicit Bbr(const Random& random) : random_(random) {}

  // Packets that may be in flight.
  double window() const { return window_; }
  // At which packets leave; nothing before the handshake or the first sample.
  std::optional<double> pacing() const { return pacing_; }
  // Samples taken now say nothing of the link, because few packets are in flight on purpose.
  bool probes_rtt() const { return mode_ == Mode::probe_rtt; }

  // The handshake took a round trip of so long: the shortest so far, and the first window is paced by it
  // (bbr_init).
  void connected(Time now, Duration round_trip);
  void acknowledged(const DeliverySample& sample);
  // A loss was found, or a time-out: remembers the window, which comes back after the recovery.
  void lost();
  // All that was in flight is taken for lost.
  void timed_out();
  // A packet leaves after nothing was in flight because there was nothing to send.
  void sends_again(Time now);

 private:
  enum class Mode : std::uint8_t { startup, drain, probe_bandwidth, probe_rtt };

  double bandwidth() const { return rates_.empty() ? 0 : rates_.front().second; }
  double product(double gain) const;
  double burst() const;
  double budget(double window) const;
  double in_flight_at(double gain) const { return budget(product(gain)); }
  double pacing_gain() const;
  double window_gain() const;
  void update_bandwidth(const DeliverySample& sample);
  void update_aggregation(const DeliverySample& sample);
  void update_cycle(const DeliverySample& sample);
  void update_full(const DeliverySample& sample);
  void update_drain(const DeliverySample& sample);
  void update_rtt(const DeliverySample& sample);
  void probe_rtt(const DeliverySample& sample);
  void end_probe_rtt(Time now);
  void begin_probe_bandwidth(Time now);
  void set_pacing(double gain);
  void set_window(const DeliverySample& sample);
  bool recovers(const DeliverySample& sample);

  Random random_;
  double window_ = 10;
  std::optional<double> pacing_;
  // Round trips: counted by deliveries.
  std::uint64_t round_ = 0;
  double next_round_ = 0;                               // delivered
  std::deque<std::pair<std::uint64_t, double>> rates_;  // by round; falling, the highest first
  // The shortest round trip.
  std::optional<Duration> rtt_;
  Time rtt_at_;
  std::optional<Time> probe_until_;
  double full_rate_ = 0;   // since which the rate has not grown
  std::size_t phase_ = 0;  // of the cycle of pacing gains
  Time phase_at_;
  // Acknowledgements that come in bunches.
  std::array<double, 2> extra_{};
  std::size_t extra_index_ = 0;
  Time epoch_;
  double epoch_acknowledged_ = 0;
  double window_before_ = 0;  // a recovery
  int extra_rounds_ = 0;
  int full_rounds_ = 0;
  Mode mode_ = Mode::startup;
  DeliverySample::State last_state_ = DeliverySample::State::open;
  bool round_starts_ = false;
  bool probed_a_round_ = false;
  bool full_ = false;       // the link: the rate no longer grows
  bool conserves_ = false;  // packets, in the first round trip of a recovery
  bool idle_restart_ = false;
};

}  // namespace millrace
