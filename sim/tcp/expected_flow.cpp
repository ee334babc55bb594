#include "sim/tcp/expected_flow.hpp"

#include <algorithm>
#include <cmath>

#include "sim/tcp/cubic.hpp"
#include "sim/tcp/reno.hpp"

namespace millrace {
namespace {

// Linux's least retransmission time-out, on top of the round trip.
constexpr Duration kTimeout = Duration::ms(200);
// A train of acknowledgements, one for two packets, whose gaps are longer than this is none (HyStart).
constexpr Duration kTrainGap = Duration::ms(2);
constexpr Duration kAckDelay = Duration::ms(1);
// What bbr keeps in flight, in products of rate and round trip.
constexpr double kBbrWindow = 2;

Duration times(Duration each, double count) {
  return Duration::ns(std::llround(static_cast<double>(each.count_ns()) * count));
}

std::unique_ptr<WindowAlgorithm> algorithm_of(const std::string& name) {
  if (name == "bbr") return nullptr;
  if (name == "cubic") return std::make_unique<Cubic>();
  return std::make_unique<Reno>();
}

}  // namespace

ExpectedFlow::ExpectedFlow(const std::string& congestion_control)
    : algorithm_(algorithm_of(congestion_control)), hystart_(congestion_control == "cubic") {}

Duration ExpectedFlow::send(double packets, Time begins, Duration each, const Path& path) {
  pause(begins, each, path);
  Duration idle;
  Time now = begins;
  for (double rest = packets; rest > 0;) {
    if (left_ < 1 || now >= round_end_) {
      if (now < round_end_) {
        idle += round_end_ - now;
        now = round_end_;
      }
      time_ = now;
      new_round(each, path);
      if (time_ > now) {  // a loss kept the link waiting
        idle += time_ - now;
        now = time_;
        round_end_ = now + path.round_trip + each;
      }
    }
    const double some = std::min(rest, std::max(left_, 1.0));
    rest -= some;
    left_ -= some;
    now = now + times(each, some);
    since_loss_ += some * path.loss / path.burst;
  }
  time_ = now;
  const double in_flight = (path.round_trip + each).seconds() / each.seconds();
  const double last = std::min({packets, window_.size, in_flight});
  repetition_ = times(path.round_trip + each, 1 - std::pow(1 - path.loss, last));
  return idle;
}

// Nothing is sent between time_ and `begins`.
void ExpectedFlow::pause(Time begins, Duration each, const Path& path) {
  if (begins <= time_) round_end_ = std::min(round_end_, begins + path.round_trip);  // it is sent anew
  if (begins < round_end_ || begins <= time_ || round_end_ == Time::zero()) return;
  grow(each, path);  // all has been acknowledged meanwhile
  const auto idle = begins - time_, timeout = path.round_trip + kTimeout;
  if (algorithm_ && idle > path.round_trip) algorithm_->sends_again(begins, idle);
  if (algorithm_ && idle > timeout) window_.restart(idle, timeout);
  left_ = std::max(std::floor(window_.size), 1.0);
  round_end_ = begins;
}

std::optional<double> ExpectedFlow::mean_window(const std::string& congestion_control, const Path& path) {
  if (congestion_control == "bbr") return std::nullopt;
  const double p = path.loss / path.burst, rtt = path.round_trip.seconds();
  const double reno = 1 / (std::sqrt(2 * p / 3) + p * (1 + kLossCost.seconds() / rtt));
  return congestion_control == "cubic" ? std::max(reno, 1.054 * std::pow(rtt / p, 0.75)) : reno;
}

void ExpectedFlow::new_round(Duration each, const Path& path) {
  grow(each, path);
  if (since_loss_ >= 1) {
    since_loss_ = std::fmod(since_loss_, 1.0);
    reduce(path, each);
  }
  const double room = (path.round_trip + each).seconds() / each.seconds() + path.queue.value_or(0);
  if (path.queue && algorithm_ && window_.size > std::max(room, CongestionWindow::kLeast)) reduce(path, each);
  left_ = std::max(std::floor(window_.size), 1.0);
  round_end_ = time_ + path.round_trip + each;
}

// By the packets of the round that has ended.
void ExpectedFlow::grow(Duration each, const Path& path) {
  const double sent = std::max(std::floor(window_.size), 1.0) - left_;
  if (round_end_ == Time::zero() || sent <= 0) return;
  const double in_flight = (path.round_trip + each).seconds() / each.seconds();
  if (!algorithm_) {
    if (window_.size < kBbrWindow * in_flight)
      window_.size = std::min(window_.size + sent, kBbrWindow * in_flight);
    return;
  }
  const auto rtt = std::max(path.round_trip + each, times(each, sent));
  if (hystart_ && window_.in_slow_start() && window_.size >= Cubic::kHyStartFrom) {
    const auto rise = std::clamp(path.round_trip / 8, Duration::ms(4), Duration::ms(16));
    const bool train = each * 2 <= kTrainGap && times(each, sent) > (path.round_trip + each + kAckDelay) / 2;
    if (train || rtt > path.round_trip + each + rise) window_.threshold = window_.size;
  }
  algorithm_->acknowledged(
      window_, {.now = time_, .delivered = sent, .rtt = rtt, .limited = left_ < 1, .new_round = true});
}

// The link idles for a round trip and more, unless what waits in front of it suffices.
void ExpectedFlow::reduce(const Path& path, Duration each) {
  if (!algorithm_) return;
  const double in_flight = (path.round_trip + each).seconds() / each.seconds();
  const auto covered = times(each, std::max(0.0, window_.size - in_flight));
  const auto cost = path.round_trip + each + kLossCost;
  if (cost > covered) time_ = time_ + (cost - covered);
  window_.threshold = algorithm_->after_loss(window_);
  window_.forget_credit();
  window_.size = window_.threshold;
}

}  // namespace millrace
