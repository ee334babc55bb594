// A TCP connection without packets: how long its window makes the link wait, in expectation. For networks
// that know only messages. The window is that of sim/tcp's algorithms, asked once per round trip: it begins
// with ten packets, stays between messages, is restarted after a pause, and is reduced by a loss each 1 /
// loss packets (not at random instants) and where the queue of a router overflows.
//
// A round begins with a window of packets that may leave; the next one begins when the first of them has been
// acknowledged. Where the window is used up before that, the link is idle. Fitted, not derived: what a loss
// costs beyond its round trip (kLossCost).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sim/tcp/congestion_window.hpp"

namespace millrace {

class ExpectedFlow {
 public:
  // What a loss costs in time, beyond a round trip, where the link idles meanwhile: the share of losses that
  // only a time-out notices.
  static constexpr Duration kLossCost = Duration::ms(15);

  struct Path {
    Duration round_trip;  // both ways, without the time on links
    double loss = 0;      // share of packets
    // Losses in a row, in the mean, that the sender takes for one; at least 1.
    double burst = 1;
    // Packets that wait in front of the slowest link before packets are dropped; nothing: the sender's own
    // link, whose packets are not dropped.
    std::optional<double> queue{};
  };

  // The window of bbr does not follow losses; that of any name but cubic, reno and bbr is reno's.
  explicit ExpectedFlow(const std::string& congestion_control);

  // Sends a message of so many packets, the first of which can leave at `begins`; each takes `each` on the
  // slowest link. Returns how long the window keeps the link waiting meanwhile. REQUIRES packets > 0, each >
  // 0.
  Duration send(double packets, Time begins, Duration each, const Path& path);
  // The expected delay of the end of the message sent last because packets of its last round are lost.
  Duration repetition() const { return repetition_; }
  // Packets that may be in flight.
  double window() const { return window_.size; }
  // The mean window of a connection that sends for ever under the path's loss, which is not 0; nothing for
  // bbr. Reno: sqrt(3 / (2 p)) (Mathis et al., CCR 27(3), 1997) and what a loss costs in time; cubic: or
  // 1.054 (RTT / p)^(3/4), if that is more (RFC 9438, section 5.1, with beta = 0.7).
  static std::optional<double> mean_window(const std::string& congestion_control, const Path& path);

 private:
  void pause(Time begins, Duration each, const Path& path);
  void new_round(Duration each, const Path& path);
  void grow(Duration each, const Path& path);
  void reduce(const Path& path, Duration each);

  std::unique_ptr<WindowAlgorithm> algorithm_;  // null: bbr
  bool hystart_;
  CongestionWindow window_;
  double left_ = 0;        // packets that may still leave in this round
  Time round_end_, time_;  // of the current round; up to when packets have been sent
  double since_loss_ = 0;  // share of the way to the next loss
  Duration repetition_;
};

}  // namespace millrace
