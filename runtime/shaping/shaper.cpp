#include "runtime/shaping/shaper.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>

namespace millrace {

Shaper::~Shaper() { (void)stop(); }

Result<void> Shaper::start() {
  zero_ = Clock::now();
  rates_.resize(links_.size());
  next_.resize(links_.size(), Time::zero());
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const auto& schedule = *links_[i].schedule;
    rates_[i] = schedule.rate_at(Time::zero());
    next_[i] = schedule.next_change(Time::zero());
    if (auto set = links_[i].link->set(rates_[i]); !set) return set;
  }
  thread_ = std::thread([this] { loop(); });
  return {};
}

Result<void> Shaper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  return failure_ ? Result<void>(*failure_) : Result<void>();
}

bool Shaper::failed() const {
  const std::lock_guard lock(mutex_);
  return failure_.has_value();
}

Duration Shaper::worst_lateness() const {
  const std::lock_guard lock(mutex_);
  return worst_;
}

// Sets only rates that differ: every change fills the bucket.
Result<void> Shaper::apply(std::size_t link, Time now) {
  const auto& schedule = *links_[link].schedule;
  const auto rate = schedule.rate_at(now);
  next_[link] = schedule.next_change(now);
  if (rate == rates_[link]) return {};
  rates_[link] = rate;
  return links_[link].link->set(rate);
}

// Runs at real-time priority, so that rates change on time on a busy machine too; where that is not
// permitted, they change as soon as the thread is scheduled.
void Shaper::loop() {
  const sched_param lowest{.sched_priority = sched_get_priority_min(SCHED_RR)};
  (void)pthread_setschedparam(pthread_self(), SCHED_RR, &lowest);
  for (;;) {
    const auto due = next_.empty() ? Time::never() : *std::ranges::min_element(next_);
    std::unique_lock lock(mutex_);
    const auto stopped = [this] { return stop_; };
    if (due == Time::never()) {
      changed_.wait(lock, stopped);
      return;
    }
    if (changed_.wait_until(lock, zero_ + std::chrono::nanoseconds(due.count_ns()), stopped)) return;
    const auto now = Time::at_ns(std::chrono::nanoseconds(Clock::now() - zero_).count());
    worst_ = std::max(worst_, now - due);
    lock.unlock();
    for (std::size_t i = 0; i < links_.size(); ++i) {
      if (next_[i] > now) continue;
      if (auto applied = apply(i, now); !applied) {
        const std::lock_guard failing(mutex_);
        failure_ = applied.error();
        return;
      }
    }
  }
}

}  // namespace millrace
