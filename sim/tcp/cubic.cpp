#include "sim/tcp/cubic.hpp"

#include <algorithm>
#include <cmath>

namespace millrace {
namespace {

// Linux keeps its answer for HZ / 32 while the window stays the same.
constexpr Duration kKept = Duration::us(31'250);
// Delays shortly after a recovery say little.
constexpr Duration kAfterRecovery = Duration::s(1);
// Acknowledgements closer than this are one train.
constexpr Duration kTrainGap = Duration::ms(2);
constexpr Duration kAckDelay = Duration::ms(1);  // what offloading adds, at most (hystart_ack_delay)
constexpr int kSamples = 8;
constexpr Duration kLeastRise = Duration::ms(4), kMostRise = Duration::ms(16);
// Acknowledged packets for one more of Reno's window, per packet of window: 8 / 15 with this beta.
constexpr double kRenoScale = 8 * (1024 + 717) / 3 / (1024 - 717) / 8.0;
constexpr double kFirstPerPacket = 20;  // 5 % a round trip while no loss has shown the capacity
constexpr double kLeastPerPacket = 2;
constexpr double kIdlePerPacket = 100;  // windows, where the target is below the window

}  // namespace

void Cubic::acknowledged(CongestionWindow& window, const WindowAck& ack) {
  measure(window, ack);
  if (!ack.limited) return;
  double left = ack.delivered;
  if (window.in_slow_start()) left = window.slow_start(left);
  if (left <= 0) return;
  window.avoid_congestion(per_packet(window.size, left, ack.now), left);
}

double Cubic::after_loss(const CongestionWindow& window) {
  epoch_.reset();
  // Fast convergence: a flow that lost earlier than last time leaves room for others.
  most_ = window.size < most_ ? window.size * (1 + kBeta) / 2 : window.size;
  return std::max(std::floor(window.size * kBeta), CongestionWindow::kLeast);
}

void Cubic::timed_out() { *this = {}; }

// The time without data does not count in the epoch.
void Cubic::sends_again(Time now, Duration idle) {
  if (epoch_) epoch_ = std::min(*epoch_ + idle, now);
}

void Cubic::measure(CongestionWindow& window, const WindowAck& ack) {
  if (!ack.rtt) return;
  if (epoch_ && ack.now - *epoch_ < kAfterRecovery) return;
  if (!least_rtt_ || *ack.rtt < *least_rtt_) least_rtt_ = ack.rtt;
  if (!found_ && window.in_slow_start() && window.size >= kHyStartFrom) watch_for_a_full_link(window, ack);
}

// HyStart: slow start ends when a train of acknowledgements is as long as the link's delay, or when the delay
// has risen.
void Cubic::watch_for_a_full_link(CongestionWindow& window, const WindowAck& ack) {
  if (ack.new_round || !round_rtt_) new_round(ack.now);
  if (ack.now - last_ack_ <= kTrainGap) {
    last_ack_ = ack.now;
    if (ack.now - round_start_ > (*least_rtt_ + kAckDelay) / 2) found_ = true;
  }
  if (!round_rtt_ || *ack.rtt < *round_rtt_) round_rtt_ = ack.rtt;
  const auto rise = std::clamp(*least_rtt_ / 8, kLeastRise, kMostRise);
  if (samples_ < kSamples)
    ++samples_;
  else if (*round_rtt_ > *least_rtt_ + rise)
    found_ = true;
  if (found_) window.threshold = window.size;
}

void Cubic::new_round(Time now) {
  round_start_ = last_ack_ = now;
  round_rtt_.reset();
  samples_ = 0;
}

// How many acknowledged packets add one to the window (bictcp_update).
double Cubic::per_packet(double window, double acknowledged, Time now) {
  since_reno_ += acknowledged;
  if (epoch_ && last_window_ == window && now - last_update_ <= kKept) return per_packet_;
  last_window_ = window;
  last_update_ = now;
  if (!epoch_) begin_epoch(window, acknowledged, now);
  const double aim = target(now);
  double count = aim > window ? window / (aim - window) : kIdlePerPacket * window;
  if (most_ == 0) count = std::min(count, kFirstPerPacket);
  for (const double each = window * kRenoScale; since_reno_ > each; since_reno_ -= each) ++reno_;
  if (reno_ > window) count = std::min(count, window / (reno_ - window));
  return per_packet_ = std::max(count, kLeastPerPacket);
}

void Cubic::begin_epoch(double window, double acknowledged, Time now) {
  epoch_ = now;
  since_reno_ = acknowledged;
  reno_ = window;
  to_origin_s_ = most_ > window ? std::cbrt((most_ - window) / kC) : 0;
  origin_ = std::max(most_, window);
}

// Where the curve is one round trip from now.
double Cubic::target(Time now) const {
  const double t = (now - *epoch_ + least_rtt_.value_or(Duration())).seconds();
  return origin_ + kC * std::pow(t - to_origin_s_, 3);
}

}  // namespace millrace
