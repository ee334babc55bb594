#include "sim/tcp/bbr.hpp"

#include <algorithm>
#include <cmath>

namespace millrace {
namespace {

constexpr double kHighGain = 2.885;  // 2 / ln 2: the least that doubles the rate each round trip
constexpr double kDrainGain = 1 / kHighGain;
constexpr double kWindowGain = 2;
constexpr std::array<double, 8> kCycle{1.25, 0.75, 1, 1, 1, 1, 1, 1};
constexpr std::uint64_t kRateRounds = 10;
constexpr Duration kRttWindow = Duration::s(10);
constexpr Duration kProbeRtt = Duration::ms(200);
constexpr double kFullGrowth = 1.25;
constexpr int kFullRounds = 3;
constexpr double kPacingShare = 0.99;
constexpr int kExtraRounds = 5;
constexpr double kMostExtra_s = 0.1;
constexpr double kInitialWindow = 10;
constexpr double kBursts = 3;  // of packets handed to a device at once
// Such a burst is what leaves in this time, in whole segments, of which 1448 bytes of 1500 are payload.
constexpr double kBurst_s = 1 / 1024.0;
constexpr double kSegmentsPerPacket = 1500 / 1448.0;
constexpr double kLeastBurst = 2, kMostBurst = 45;  // 64 KiB
constexpr double kSlow = 100;                       // packets per second, 1.2 Mbit/s: below it single packets

}  // namespace

void Bbr::connected(Time now, Duration round_trip) {
  rtt_ = std::max(round_trip, Duration::us(1));
  rtt_at_ = now;
  pacing_ = kHighGain * window_ / rtt_->seconds() * kPacingShare;
}

void Bbr::acknowledged(const DeliverySample& sample) {
  update_bandwidth(sample);
  update_aggregation(sample);
  update_cycle(sample);
  update_full(sample);
  update_drain(sample);
  update_rtt(sample);
  set_pacing(pacing_gain());
  set_window(sample);
}

void Bbr::lost() {
  const bool fresh = last_state_ == DeliverySample::State::open && mode_ != Mode::probe_rtt;
  window_before_ = fresh ? window_ : std::max(window_before_, window_);
}

void Bbr::timed_out() {
  last_state_ = DeliverySample::State::loss;
  full_rate_ = 0;
  round_starts_ = true;
  window_ = 1;
}

void Bbr::sends_again(Time now) {
  idle_restart_ = true;
  epoch_ = now;
  epoch_acknowledged_ = 0;
  if (mode_ == Mode::probe_bandwidth)
    set_pacing(1);
  else if (mode_ == Mode::probe_rtt)
    end_probe_rtt(now);
}

double Bbr::product(double gain) const {
  return rtt_ ? bandwidth() * rtt_->seconds() * gain : kInitialWindow;
}

// Packets that Linux hands to a device at once (bbr_tso_segs_goal).
double Bbr::burst() const {
  const double pace = pacing_.value_or(0);
  return std::clamp(std::floor(pace * kBurst_s * kSegmentsPerPacket), pace < kSlow ? 1 : kLeastBurst,
                    kMostBurst);
}

// Room for bursts and for delayed acknowledgements.
double Bbr::budget(double window) const {
  const double even = 2 * std::ceil((window + kBursts * burst()) / 2);
  return mode_ == Mode::probe_bandwidth && phase_ == 0 ? even + 2 : even;
}

double Bbr::pacing_gain() const {
  if (mode_ == Mode::startup) return kHighGain;
  if (mode_ == Mode::drain) return kDrainGain;
  return mode_ == Mode::probe_bandwidth ? kCycle[phase_] : 1;
}

double Bbr::window_gain() const {
  if (mode_ == Mode::startup || mode_ == Mode::drain) return kHighGain;
  return mode_ == Mode::probe_bandwidth ? kWindowGain : 1;
}

void Bbr::update_bandwidth(const DeliverySample& sample) {
  round_starts_ = false;
  if (!sample.interval || *sample.interval <= Duration()) return;
  if (sample.delivered_before >= next_round_) {
    next_round_ = sample.delivered;
    ++round_;
    round_starts_ = true;
    conserves_ = false;
  }
  const double rate = sample.sample / sample.interval->seconds();
  if (sample.application_limited && rate < bandwidth()) return;
  while (!rates_.empty() && rates_.back().second <= rate) rates_.pop_back();
  rates_.emplace_back(round_, rate);
  while (rates_.front().first + kRateRounds < round_) rates_.pop_front();
}

void Bbr::update_aggregation(const DeliverySample& sample) {
  if (sample.acknowledged <= 0 || !sample.interval) return;
  if (round_starts_ && ++extra_rounds_ >= kExtraRounds) {
    extra_rounds_ = 0;
    extra_index_ ^= 1U;
    extra_[extra_index_] = 0;
  }
  double expected = bandwidth() * (sample.now - epoch_).seconds();
  if (epoch_acknowledged_ <= expected) {
    epoch_acknowledged_ = expected = 0;
    epoch_ = sample.now;
  }
  epoch_acknowledged_ += sample.acknowledged;
  const double extra = std::min(epoch_acknowledged_ - expected, window_);
  extra_[extra_index_] = std::max(extra_[extra_index_], extra);
}

void Bbr::update_cycle(const DeliverySample& sample) {
  if (mode_ != Mode::probe_bandwidth) return;
  const bool full_length = sample.now - phase_at_ > rtt_.value_or(Duration::max());
  const double gain = kCycle[phase_];
  bool next = full_length;
  if (gain > 1) next = full_length && (sample.lost > 0 || sample.in_flight_before >= in_flight_at(gain));
  if (gain < 1) next = full_length || sample.in_flight_before <= in_flight_at(1);
  if (!next) return;
  phase_ = (phase_ + 1) % kCycle.size();
  phase_at_ = sample.now;
}

void Bbr::update_full(const DeliverySample& sample) {
  if (full_ || !round_starts_ || sample.application_limited) return;
  if (bandwidth() >= full_rate_ * kFullGrowth) {
    full_rate_ = bandwidth();
    full_rounds_ = 0;
    return;
  }
  full_ = ++full_rounds_ >= kFullRounds;
}

void Bbr::update_drain(const DeliverySample& sample) {
  if (mode_ == Mode::startup && full_) mode_ = Mode::drain;
  if (mode_ == Mode::drain && sample.in_flight <= in_flight_at(1)) begin_probe_bandwidth(sample.now);
}

// Begins anywhere but in the phase that drains.
void Bbr::begin_probe_bandwidth(Time now) {
  mode_ = Mode::probe_bandwidth;
  phase_ = (kCycle.size() - static_cast<std::size_t>(random_.below(kCycle.size() - 1))) % kCycle.size();
  phase_at_ = now;
}

void Bbr::update_rtt(const DeliverySample& sample) {
  const bool expired = rtt_ && sample.now > rtt_at_ + kRttWindow;
  if (sample.rtt && (!rtt_ || *sample.rtt < *rtt_ || expired)) {
    rtt_ = sample.rtt;
    rtt_at_ = sample.now;
  }
  if (expired && !idle_restart_ && mode_ != Mode::probe_rtt) {
    mode_ = Mode::probe_rtt;
    lost();  // remembers the window
    probe_until_.reset();
  }
  if (mode_ == Mode::probe_rtt) probe_rtt(sample);
  if (sample.sample > 0) idle_restart_ = false;
}

void Bbr::probe_rtt(const DeliverySample& sample) {
  if (!probe_until_) {
    if (sample.in_flight > kLeastWindow) return;
    probe_until_ = sample.now + kProbeRtt;
    probed_a_round_ = false;
    next_round_ = sample.delivered;
    return;
  }
  if (round_starts_) probed_a_round_ = true;
  if (probed_a_round_) end_probe_rtt(sample.now);
}

void Bbr::end_probe_rtt(Time now) {
  if (!probe_until_ || now <= *probe_until_) return;
  rtt_at_ = now;
  window_ = std::max(window_, window_before_);
  if (full_)
    begin_probe_bandwidth(now);
  else
    mode_ = Mode::startup;
}

// Never lower before the link is full.
void Bbr::set_pacing(double gain) {
  if (bandwidth() == 0) return;
  const double rate = bandwidth() * gain * kPacingShare;
  if (full_ || !pacing_ || rate > *pacing_) pacing_ = rate;
}

// Packet conservation in the first round trip of a recovery, and the window from before it afterwards.
// Whether the window is settled by that.
bool Bbr::recovers(const DeliverySample& sample) {
  using State = DeliverySample::State;
  if (sample.lost > 0) window_ = std::max(window_ - sample.lost, 1.0);
  if (sample.state == State::recovery && last_state_ != State::recovery) {
    conserves_ = true;
    next_round_ = sample.delivered;
    window_ = sample.in_flight + sample.acknowledged;
  } else if (sample.state == State::open && last_state_ != State::open) {
    window_ = std::max(window_, window_before_);
    conserves_ = false;
  }
  last_state_ = sample.state;
  if (conserves_) window_ = std::max(window_, sample.in_flight + sample.acknowledged);
  return conserves_;
}

void Bbr::set_window(const DeliverySample& sample) {
  if (sample.acknowledged > 0 && !recovers(sample)) {
    const double extra = full_ ? std::min(std::max(extra_[0], extra_[1]), bandwidth() * kMostExtra_s) : 0;
    const double target = budget(product(window_gain()) + extra);
    if (full_)
      window_ = std::min(window_ + sample.acknowledged, target);
    else if (window_ < target || sample.delivered < kInitialWindow)
      window_ += sample.acknowledged;
    window_ = std::max(window_, kLeastWindow);
  }
  if (mode_ == Mode::probe_rtt) window_ = std::min(window_, kLeastWindow);
}

}  // namespace millrace
