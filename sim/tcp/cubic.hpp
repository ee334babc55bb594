// CUBIC as Linux has it (net/ipv4/tcp_cubic.c; RFC 9438): the window follows W(t) = C (t - K)^3 + W_max, or
// the window that Reno would have where that is larger (RFC 9438, section 4.3), with fast convergence and
// HyStart. Constants: C = 0.4, beta = 717/1024.
#pragma once

#include "sim/tcp/congestion_window.hpp"

namespace millrace {

class Cubic final : public WindowAlgorithm {
 public:
  static constexpr double kC = 0.4;              // packets / s^3
  static constexpr double kBeta = 717.0 / 1024;  // of the window remains after a loss
  static constexpr double kHyStartFrom = 16;     // packets; smaller windows are left alone

  void acknowledged(CongestionWindow& window, const WindowAck& ack) override;
  double after_loss(const CongestionWindow& window) override;
  void timed_out() override;
  void connected(Duration round_trip) override { least_rtt_ = round_trip; }
  void sends_again(Time now, Duration idle) override;

 private:
  void measure(CongestionWindow& window, const WindowAck& ack);
  void watch_for_a_full_link(CongestionWindow& window, const WindowAck& ack);
  void new_round(Time now);
  double per_packet(double window, double acknowledged, Time now);
  double target(Time now) const;
  void begin_epoch(double window, double acknowledged, Time now);

  double most_ = 0;            // the window at the last loss, less with fast convergence (last_max_cwnd)
  std::optional<Time> epoch_;  // when the current cubic curve began
  double origin_ = 0;          // its plateau
  double to_origin_s_ = 0;     // K: from the epoch's beginning to the plateau
  double reno_ = 0;            // the window that Reno would have (tcp_cwnd)
  double since_reno_ = 0;      // acknowledged packets not yet in it (ack_cnt)
  double last_window_ = 0;     // at the last update of per_packet_
  Time last_update_;
  double per_packet_ = 0;  // acknowledged packets for one more of window (cnt)
  std::optional<Duration> least_rtt_;
  // HyStart, of the current round.
  bool found_ = false;
  Time round_start_, last_ack_;
  std::optional<Duration> round_rtt_;
  int samples_ = 0;
};

}  // namespace millrace
