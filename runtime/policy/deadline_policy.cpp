#include "runtime/policy/deadline_policy.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/check.hpp"

namespace millrace {

namespace {

// Chosen on 20 recorded traces, those of the table in analysis/README.md among them.
constexpr double kGain = 0.7;
constexpr double kReserve = 0.8;       // periods of stock that are not spent
constexpr double kCatchUp = 0.05;      // share of a period by which to be faster while behind the schedule
constexpr double kLeastPeriods = 0.5;  // link time of a microbatch that is late at any budget
constexpr double kDoubt = 1;           // how much of the forecast's error to keep off the deadline
constexpr double kLeastTrust = 0.2;
constexpr double kFirstBits = 8;  // before anything is known: near lossless, and a quarter of 32
constexpr std::size_t kAhead = 4096;
constexpr double kLongest_s = 1e6;

}  // namespace

DeadlineQuantization::DeadlineQuantization(double images_per_s) : images_per_s_(images_per_s) {
  MR_CHECK(images_per_s > 0);
}

Duration DeadlineQuantization::period_of(std::uint32_t images) const {
  return PacedConsumer::period(images, images_per_s_);
}

void DeadlineQuantization::observe(const LinkSample& sample) {
  link_.observe(sample);
  consumer_.arrive(sample.acknowledged, period_of(sample.images));
  if (!ahead_.empty()) ahead_.pop_front();
}

// The activations ahead are assumed to arrive evenly until the link is clear.
double DeadlineQuantization::supplied_s(Time now, double clear_s, Duration period) const {
  auto consumer = consumer_;
  double arrived_s = 0;
  for (const auto& each : ahead_) {
    arrived_s += clear_s / static_cast<double>(ahead_.size());
    consumer.arrive(now + Duration::from_seconds(std::min(kLongest_s, arrived_s)), each);
  }
  const auto empty_at = consumer.empty_at();
  return empty_at ? (*empty_at - now).seconds() : period.seconds() * PacedConsumer::kStock;
}

double DeadlineQuantization::link_time_s(Time now, const Outgoing& outgoing,
                                         const LinkForecast::Outlook& outlook) const {
  const Duration period = period_of(outgoing.images);
  const double period_s = period.seconds();
  const double ready_s = outgoing.encode.seconds();
  const double start_s = std::max(ready_s, outlook.clear_s);
  const double left_s = supplied_s(now, outlook.clear_s, period) - start_s;
  // Behind the schedule, the stock is kept full, so that early arrivals make up for the delay.
  const bool behind = consumer_.behind() > Duration{};
  const double reserve_s = period_s * (behind ? PacedConsumer::kStock - 1 : kReserve);
  double extra_s = kGain * (left_s - period_s - reserve_s);
  // Time can only be won back from a queue: without one, the delay arose before this stage.
  extra_s = std::max(extra_s, -std::min(start_s - ready_s, period_s));
  double link_s = (period_s + extra_s) * (behind ? 1 - kCatchUp : 1);
  const double trusted_s =
      std::max(kLeastPeriods * period_s, left_s) * std::max(kLeastTrust, 1 - kDoubt * link_.error());
  return std::min(link_s, trusted_s);
}

Budget DeadlineQuantization::choose(Time now, const Outgoing& outgoing) {
  double bits = kFirstBits;
  // With no input waiting and hardly anything ahead there is nothing to catch up with.
  if (outgoing.waiting == 0 && outgoing.sender.in_flight + outgoing.sender.ready <= 1) consumer_.forgive();
  if (link_.knows()) {
    const auto outlook = link_.outlook(now, outgoing.sender);
    bits =
        link_time_s(now, outgoing, outlook) * outlook.rate_bit_per_s / static_cast<double>(outgoing.values);
  }
  ahead_.push_back(period_of(outgoing.images));
  if (ahead_.size() > kAhead) ahead_.pop_front();
  return {std::isfinite(bits) ? std::clamp(bits, kFewestBits, kMostBits) : kFewestBits};
}

}  // namespace millrace
