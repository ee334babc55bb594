#include "sim/tcp/expected_flow.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace millrace {
namespace {

// Linux's least retransmission time-out, on top of the round trip.
constexpr Duration kTimeout = Duration::ms(200);
// A gap longer than this ends a train of acknowledgements (HyStart).
constexpr Duration kTrainGap = Duration::ms(2);
constexpr Duration kAckDelay = Duration::ms(1);
// Of HyStart: packets acknowledged before the round trips of a round are believed, one ack for two of them.
constexpr double kBelieved = 18;
// Of bbr: its pacing in startup, and after how many full rounds that ends.
constexpr double kBbrHighGain = 2.885;
constexpr int kBbrFullRounds = 3;
// What bbr keeps in flight, in products of rate and round trip.
constexpr double kBbrWindow = 2;

Duration times(Duration each, double count) {
  return Duration::ns(std::llround(static_cast<double>(each.count_ns()) * count));
}

}  // namespace

ExpectedFlow::ExpectedFlow(const std::string& congestion_control) {
  startup_ = congestion_control == "bbr";
  if (startup_) return;
  if (congestion_control == "cubic")
    algorithm_.emplace<Cubic>();
  else
    algorithm_.emplace<Reno>();
}

WindowAlgorithm* ExpectedFlow::algorithm() {
  if (auto* cubic = std::get_if<Cubic>(&algorithm_)) return cubic;
  return std::get_if<Reno>(&algorithm_);
}

void ExpectedFlow::begin(double packets, Time available, Time begins, Duration each, const Path& path) {
  pause(begins, each, path);
  if (round_end_ == Time::zero()) begin_round(begins, each, path);
  const double ahead = std::max(0.0, (begins - available).seconds() / each.seconds());
  wanted_ = ahead + packets + in_flight(each, path);
  round_end_ = std::max(round_end_, round_begin_ + times(each, std::min(round_window_, wanted_)));
  // Startup ends after three round trips in which there was enough to send and the rate did not grow.
  if (startup_ && window_.size >= kBbrWindow * in_flight(each, path) &&
      times(each, ahead + packets) > path.round_trip + each && ++full_rounds_ >= kBbrFullRounds)
    startup_ = false;
  if (!path.queue) return;
  // What was acknowledged while there was nothing to send lets a burst go.
  const double left = begins < round_end_ ? left_ : window_.size;
  const double credit = ahead > 0 ? window_.size - in_flight(each, path) - ahead : left;
  const double burst = std::clamp(credit, 0.0, packets);
  const double drain = std::max(path.drain, startup_ ? 1 / kBbrHighGain : 0);
  const double waits = ahead + burst * (1 - drain), room = std::floor(*path.queue) + 1;
  if (burst < 1 || waits <= room || (algorithm() == nullptr && !startup_)) return;
  burst_lost_ = std::ceil(waits - room);
  burst_before_ = burst - burst_lost_;
  lost_at_ = available;
}

Duration ExpectedFlow::send(double packets, Time begins, Duration each, const Path& path) {
  pause(begins, each, path);
  Duration idle;
  Time now = begins;
  for (double rest = packets; rest > 0;) {
    if (left_ < 1 || now >= round_end_) {
      if (now < first_ack_) {
        idle += first_ack_ - now;
        now = first_ack_;
      }
      time_ = now;
      new_round(each, path);
      if (time_ > now) {  // a loss kept the link waiting
        idle += time_ - now;
        now = time_;
      }
    }
    const double repeated = std::min(again_, left_);
    const double some = std::min(rest, std::max(left_ - repeated, 0.0));
    again_ -= repeated;
    rest -= some;
    left_ -= repeated + some;
    now = now + times(each, repeated + some);
    idle += times(each, repeated);
    since_loss_ += some * path.loss / path.burst;
  }
  time_ = now;
  const double last = std::min({packets, window_.size, in_flight(each, path)});
  repetition_ = times(path.round_trip + each, 1 - std::pow(1 - path.loss, last));
  if (const double lost = burst_lost_ + dropped(); lost > 0) {
    const auto found = (burst_lost_ > 0 ? lost_at_ : time_) + times(each, std::floor(*path.queue) + 1);
    const auto late = found + path.round_trip + each - time_;
    repetition_ = std::max(repetition_, std::max(late, Duration()) + times(each, lost));
  }
  return idle;
}

void ExpectedFlow::skip(Duration time) {
  round_begin_ = round_begin_ + time;
  first_ack_ = first_ack_ + time;
  round_end_ = round_end_ == Time::zero() ? round_end_ : round_end_ + time;
  time_ = time_ + time;
}

// Packets on the way, the one on the slowest link included.
double ExpectedFlow::in_flight(Duration each, const Path& path) {
  return (path.round_trip + each).seconds() / each.seconds();
}

// Nothing is sent between time_ and `begins`.
void ExpectedFlow::pause(Time begins, Duration each, const Path& path) {
  if (begins < round_end_ || begins <= time_ + path.round_trip + each || round_end_ == Time::zero()) return;
  const auto idle = begins - time_, timeout = path.round_trip + kTimeout;
  end_round(each, path);  // all has been acknowledged meanwhile
  if (algorithm() != nullptr) algorithm()->sends_again(begins, idle);
  if (algorithm() != nullptr && idle > timeout) window_.restart(idle, timeout);
  begin_round(begins, each, path);
  room_ = CongestionWindow::kNoThreshold;
}

std::optional<double> ExpectedFlow::mean_window(const std::string& congestion_control, const Path& path) {
  if (congestion_control == "bbr") return std::nullopt;
  const double p = path.loss / path.burst, rtt = path.round_trip.seconds();
  const double reno = 1 / (std::sqrt(2 * p / 3) + p * (1 + kLossCost.seconds() / rtt));
  return congestion_control == "cubic" ? std::max(reno, 1.054 * std::pow(rtt / p, 0.75)) : reno;
}

void ExpectedFlow::new_round(Duration each, const Path& path) {
  // What the window has grown by comes on top of what is sent for each acknowledgement.
  const double before = round_window_, waits = std::max(0.0, before - in_flight(each, path));
  const bool limited = left_ < 1;
  end_round(each, path);
  if (since_loss_ >= 1) {
    since_loss_ = std::fmod(since_loss_, 1.0);
    if (!recovers_) lose(each, path);
  }
  begin_round(time_, each, path);
  if (limited && path.queue)
    room_ = before + std::max(0.0, std::floor(*path.queue) + 1 - waits);
  else
    room_ = CongestionWindow::kNoThreshold;
}

void ExpectedFlow::begin_round(Time at, Duration each, const Path& path) {
  left_ = round_window_ = std::max(std::floor(recovers_ ? most_ : window_.size), 1.0);
  round_begin_ = at;
  first_ack_ = at + path.round_trip + each;
  round_end_ = std::max(first_ack_, at + times(each, std::min(round_window_, wanted_)));
}

double ExpectedFlow::sent_in_round() const { return round_window_ - left_; }

// Packets of this round that found the router's queue full because the window had grown.
double ExpectedFlow::dropped() const {
  return algorithm_.index() != 0 ? std::max(0.0, std::ceil(sent_in_round() - room_)) : 0;
}

// The packets of the round have arrived, and what they did to the window is known.
void ExpectedFlow::end_round(Duration each, const Path& path) {
  const double sent = sent_in_round(), grown_lost = dropped();
  if (sent <= 0) return;
  const double lost = grown_lost + std::exchange(burst_lost_, 0);
  if (std::exchange(recovers_, false)) return;
  if (lost > 0)
    overflow(sent, grown_lost > 0 ? room_ : burst_before_, lost, each, path);
  else
    grow(sent, each, path);
}

// The packets before the first one dropped still let the window grow, in slow start by as many; what they
// allow to be sent finds the queue full again. Then the window is reduced, and for a round trip as much is
// sent as arrives (RFC 6937).
void ExpectedFlow::overflow(double sent, double before, double lost, Duration each, const Path& path) {
  again_ += lost;
  if (algorithm() == nullptr) return;
  const double old = window_.size;
  grow(std::min(sent, before), each, path);
  const double more = window_.size - old;
  const double free = std::floor(path.queue.value_or(0)) + 1 - std::max(0.0, before - in_flight(each, path));
  again_ += std::max(0.0, more - std::max(0.0, free));
  reduce();
  recovers_ = true;
  most_ = std::clamp(sent + more - again_, 1.0, window_.size);
}

// By the packets of the round that has ended.
void ExpectedFlow::grow(double sent, Duration each, const Path& path) {
  if (algorithm() == nullptr) {
    const double most = kBbrWindow * in_flight(each, path);
    if (window_.size < most) window_.size = std::min(window_.size + sent, most);
    return;
  }
  watch_for_a_full_link(sent, each, path);
  const bool doubles = window_.in_slow_start() && window_.size < 2 * sent;
  algorithm()->acknowledged(window_, {.now = time_,
                                      .delivered = sent,
                                      .rtt = std::max(path.round_trip + each, times(each, sent)),
                                      .limited = left_ < 1 || doubles,
                                      .new_round = true});
}

// HyStart, in the middle of the round: when the first packets have waited, or the train of acknowledgements
// is long enough.
void ExpectedFlow::watch_for_a_full_link(double sent, Duration each, const Path& path) {
  if (!std::holds_alternative<Cubic>(algorithm_) || !window_.in_slow_start() ||
      window_.size < Cubic::kHyStartFrom)
    return;
  const auto rise = std::clamp(path.round_trip / 8, Duration::ms(4), Duration::ms(16));
  const auto train = (path.round_trip + each + kAckDelay) / 2;
  double after = CongestionWindow::kNoThreshold;
  if (times(each, sent / 2 - in_flight(each, path)) > rise && sent >= kBelieved) after = kBelieved;
  if (each <= kTrainGap && times(each, sent) > train * 2)  // its rounds begin in the middle of ours
    after = std::min(after, train.seconds() / each.seconds());
  if (after < sent) window_.threshold = std::min(window_.threshold, window_.size + after);
}

// A packet is lost on the way: the link idles for a round trip and more, unless what waits in front of it
// suffices.
void ExpectedFlow::lose(Duration each, const Path& path) {
  if (algorithm() == nullptr) return;
  const auto covered = times(each, std::max(0.0, window_.size - in_flight(each, path)));
  const auto cost = path.round_trip + each + kLossCost;
  if (cost > covered) time_ = time_ + (cost - covered);
  reduce();
}

void ExpectedFlow::reduce() {
  window_.threshold = algorithm()->after_loss(window_);
  window_.forget_credit();
  window_.size = window_.threshold;
}

}  // namespace millrace
