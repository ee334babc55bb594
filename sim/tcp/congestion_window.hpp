// The congestion window of a TCP sender, as Linux keeps it (net/ipv4/tcp_cong.c, tcp_input.c, tcp_output.c),
// and the interface of the algorithms that move it by losses and acknowledgements. All counts are packets of
// full size. No clock, no events, no simulator: the owner says what happened and when.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/time.hpp"

namespace millrace {

struct CongestionWindow {
  // RFC 6928.
  static constexpr double kInitial = 10;
  // What Linux never goes below after a loss.
  static constexpr double kLeast = 2;
  static constexpr double kNoThreshold = std::numeric_limits<std::int32_t>::max();

  double size = kInitial;
  double threshold = kNoThreshold;  // below it is slow start (ssthresh)

  bool in_slow_start() const { return size < threshold; }
  // Adds the packets to the window, up to the threshold. Returns those that are left over (tcp_slow_start).
  double slow_start(double packets);
  // One packet for each `per_packet` acknowledged ones (tcp_cong_avoid_ai).
  void avoid_congestion(double per_packet, double acknowledged);
  // Nothing has been in flight for so long: halves the window for each further retransmission time-out, down
  // to the initial window (tcp_cwnd_restart). REQUIRES idle > timeout.
  void restart(Duration idle, Duration timeout);
  // A loss was found: what was acknowledged before does not move the window any more.
  void forget_credit() { credit_ = 0; }

 private:
  double credit_ = 0;  // acknowledged packets that have not moved the window yet (snd_cwnd_cnt)
};

// An acknowledgement outside fast recovery.
struct WindowAck {
  Time now;
  double delivered;             // packets that it newly reports as received, cumulatively or selectively
  std::optional<Duration> rtt;  // of the last packet of those, if it was sent only once
  bool limited;                 // the window kept the sender from sending more (tcp_is_cwnd_limited)
  bool new_round;               // it covers a packet that was sent after the previous new round
};

class WindowAlgorithm {
 public:
  virtual ~WindowAlgorithm() = default;
  // Moves the window after an acknowledgement.
  virtual void acknowledged(CongestionWindow& window, const WindowAck& ack) = 0;
  // The threshold after a loss was found, once per recovery and time-out.
  virtual double after_loss(const CongestionWindow& window) = 0;
  virtual void timed_out() {}
  // The connection has been opened; its shortest round trip so far.
  virtual void connected(Duration round_trip) { (void)round_trip; }
  // A packet leaves, and for so long nothing was in flight.
  virtual void sends_again(Time now, Duration idle) {
    (void)now;
    (void)idle;
  }
};

// The algorithms that are held against Linux's: their names in scenarios.
const std::vector<std::string>& linux_congestion_controls();

}  // namespace millrace
