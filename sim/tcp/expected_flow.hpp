// A TCP connection without packets: how long its window makes the link wait, in expectation. For networks
// that know only messages. The window is that of sim/tcp's algorithms, asked once per round trip: it begins
// with ten packets, stays between messages, is restarted after a pause, and is reduced by a loss each 1 /
// loss packets (not at random instants) and where the queue of a router overflows.
//
// A round begins with a window of packets that may leave; the next one begins when the first of them has been
// acknowledged. Where the window is used up before that, the link is idle. A packet leaves for each one
// acknowledged; what the window allows beyond that leaves in bursts, which is what fills a router's queue.
// Fitted, not derived: what a loss costs beyond its round trip (kLossCost).
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "sim/tcp/congestion_window.hpp"
#include "sim/tcp/cubic.hpp"
#include "sim/tcp/reno.hpp"

namespace millrace {

// A value: a copy goes on from where the original was.
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
    // With a queue: the slowest link's rate as a share of that at which packets come to it, below 1.
    double drain = 0;
  };

  // The window of bbr does not follow losses; that of any name but cubic, reno and bbr is reno's.
  explicit ExpectedFlow(const std::string& congestion_control);

  // A message of so many packets has become available, and its first one can leave the slowest link at
  // `begins`. REQUIRES packets > 0, each > 0, available <= begins.
  void begin(double packets, Time available, Time begins, Duration each, const Path& path);
  // Sends so many packets of it, the first of which can leave at `begins`; each takes `each` on the slowest
  // link. Returns how long the window keeps the link waiting meanwhile, or the link is busy with repetitions.
  // REQUIRES packets > 0, each > 0.
  Duration send(double packets, Time begins, Duration each, const Path& path);
  // It has been sending in some other way for so long: nothing changes.
  void skip(Duration time);
  // Up to when it has sent.
  Time sent_until() const { return time_; }
  // The expected delay of the end of the message sent last because packets of its last round are lost.
  Duration repetition() const { return repetition_; }
  // Packets that may be in flight.
  double window() const { return window_.size; }
  // The mean window of a connection that sends for ever under the path's loss, which is not 0; nothing for
  // bbr. Reno: sqrt(3 / (2 p)) (Mathis et al., CCR 27(3), 1997) and what a loss costs in time; cubic: or
  // 1.054 (RTT / p)^(3/4), if that is more (RFC 9438, section 5.1, with beta = 0.7).
  static std::optional<double> mean_window(const std::string& congestion_control, const Path& path);

 private:
  static double in_flight(Duration each, const Path& path);
  void pause(Time begins, Duration each, const Path& path);
  void new_round(Duration each, const Path& path);
  void begin_round(Time at, Duration each, const Path& path);
  void end_round(Duration each, const Path& path);
  void grow(double sent, Duration each, const Path& path);
  void watch_for_a_full_link(double sent, Duration each, const Path& path);
  void overflow(double sent, double before, double lost, Duration each, const Path& path);
  void lose(Duration each, const Path& path);
  void reduce();
  WindowAlgorithm* algorithm();  // null: bbr
  double sent_in_round() const;
  double dropped() const;

  std::variant<std::monostate, Reno, Cubic> algorithm_;  // nothing: bbr
  CongestionWindow window_;
  bool startup_ = false;  // of bbr
  int full_rounds_ = 0;
  double since_loss_ = 0;  // share of the way to the next loss
  double again_ = 0;       // packets that were dropped and have not been sent again
  double wanted_ =
      CongestionWindow::kNoThreshold;  // packets that could be in flight by what there is to send
  Time time_;                          // up to when packets have been sent
  Duration repetition_;
  // The current round.
  Time round_begin_, first_ack_, round_end_;
  double round_window_ = 0;                       // packets that may leave in it
  double left_ = 0;                               // of those, the ones that still may
  double room_ = CongestionWindow::kNoThreshold;  // packets of it that a router takes
  bool recovers_ = false;                         // from an overflow
  double most_ = 0;                               // packets that may leave meanwhile
  // A burst at a message's beginning: packets dropped, packets before the first one dropped, when.
  double burst_lost_ = 0, burst_before_ = 0;
  Time lost_at_;
};

}  // namespace millrace
