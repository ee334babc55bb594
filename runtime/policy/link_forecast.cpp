#include "runtime/policy/link_forecast.hpp"

#include <algorithm>
#include <cmath>

namespace millrace {

namespace {

// Weight of a new sample: kUp weighs its rate where the rate is higher, kDown its time per bit where the rate
// is lower. One very slow sample (an outage) thus lowers the rate at once, and one or two normal samples
// restore it.
constexpr double kUp = 0.75, kDown = 0.5;
constexpr double kErrorGain = 0.1;
constexpr double kLeastRate_bit_per_s = 1, kShortest_s = 1e-9;

double bits_of(Bytes size) { return static_cast<double>(size.count()) * 8; }

}  // namespace

void LinkForecast::observe(const LinkSample& sample) {
  double served_s = (sample.acknowledged - sample.sent).seconds();
  if (acknowledged_) served_s = std::min(served_s, (sample.acknowledged - *acknowledged_).seconds());
  acknowledged_ = sample.acknowledged;
  const Served now{bits_of(sample.size), std::max(0.0, served_s)};
  const double seen = now.rate_bit_per_s();
  if (!knows()) {
    rate_bit_per_s_ = seen;
  } else if (seen < rate_bit_per_s_) {
    learn_error(seen);
    rate_bit_per_s_ /= 1 + kDown * (rate_bit_per_s_ / seen - 1);
  } else {
    learn_error(seen);
    const double both = Served{now.bits + before_.bits, now.seconds + before_.seconds}.rate_bit_per_s();
    rate_bit_per_s_ += kUp * (std::clamp(both, rate_bit_per_s_, seen) - rate_bit_per_s_);
  }
  before_ = now;
}

void LinkForecast::learn_error(double seen_bit_per_s) {
  error_ += kErrorGain * (std::min(1.0, std::abs(seen_bit_per_s / rate_bit_per_s_ - 1)) - error_);
}

double LinkForecast::Served::rate_bit_per_s() const {
  return std::max(kLeastRate_bit_per_s, bits / std::max(kShortest_s, seconds));
}

LinkForecast::Outlook LinkForecast::outlook(Time now, const SenderState& ahead) const {
  Outlook outlook{.rate_bit_per_s = rate_bit_per_s_, .clear_s = 0};
  const double in_flight = bits_of(ahead.in_flight_size);
  const double all = in_flight + bits_of(ahead.ready_size);
  double served = 0;
  if (ahead.in_flight > 0) {
    double since_s = (now - ahead.oldest_sent).seconds();
    if (acknowledged_) since_s = std::min(since_s, (now - *acknowledged_).seconds());
    since_s = std::max(0.0, since_s);
    // The oldest is assumed to be of average size. If it is overdue, the link was slower than the rate.
    const double oldest = in_flight / ahead.in_flight;
    if (since_s * outlook.rate_bit_per_s > oldest)
      outlook.rate_bit_per_s = std::max(kLeastRate_bit_per_s, oldest / since_s);
    served = std::min(oldest, since_s * outlook.rate_bit_per_s);
  }
  outlook.clear_s = std::max(0.0, all - served) / outlook.rate_bit_per_s;
  return outlook;
}

}  // namespace millrace
