// deadline: for each microbatch the largest budget with which its acknowledgement is still expected in time.
// PacedConsumer defines "in time", with the acknowledgements of this link as arrivals; "expected" means
// forecast by LinkForecast from everything seen until this instant. Nothing waits for a window's end.
//
//   time left   from when the link is clear and the encoding done until the consumer would have to wait
//   period      the microbatch's time at the target rate
//   link time   period + g (time left - period - reserve): one period in equilibrium, more while the stock
//               exceeds the reserve, less while a queue eats it. At most a share of the time left; the
//               larger the errors of the latest forecasts, the smaller the share
//   budget      link time · rate / values
//
// The budget does not oscillate: at a constant rate, what the stock lacks shrinks by the factor 1 - g per
// microbatch, and activations in flight are part of the forecast, so nothing is corrected twice. Where
// acknowledgements come as early as the target rate allows and no earlier, the stock is full and the link
// time longer than a period: so the policy finds out that a link has become faster. Codecs of fixed widths
// spend less than the budget; the difference is time left.
#pragma once

#include <deque>

#include "runtime/policy/link_forecast.hpp"
#include "runtime/policy/paced_consumer.hpp"
#include "runtime/policy/quantization_policy.hpp"

namespace millrace {

class DeadlineQuantization final : public QuantizationPolicy {
 public:
  // REQUIRES images_per_s > 0.
  explicit DeadlineQuantization(double images_per_s);
  std::string_view name() const override { return "deadline"; }
  void observe(const LinkSample& sample) override;
  Budget choose(Time now, const Outgoing& outgoing) override;

 private:
  Duration period_of(std::uint32_t images) const;
  // Seconds until the consumer has to wait, counting all activations ahead as arrived by `clear_s`.
  double supplied_s(Time now, double clear_s, Duration period) const;
  double link_time_s(Time now, const Outgoing& outgoing, const LinkForecast::Outlook& outlook) const;

  double images_per_s_;
  LinkForecast link_;
  PacedConsumer consumer_;
  std::deque<Duration> ahead_;  // periods of microbatches decided and not acknowledged; at most kAhead
};

}  // namespace millrace
