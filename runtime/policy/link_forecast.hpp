// Forecasts when an activation would be acknowledged if it were sent now. Models a link as its sender sees
// it, as a server of one rate:
//
//   acknowledged = max(sent, acknowledged before) + bits / rate
//
// The rate is learnt from acknowledgements; an overdue acknowledgement lowers it before it arrives. Latency
// is not modelled: it lowers the rate learnt where activations do not overlap, and no longer does as soon as
// they do. (Learning the rate from the quickest acknowledgements was tried: no better on any trace, and far
// too high after a long queue.)
#pragma once

#include <optional>

#include "runtime/policy/link_sample.hpp"
#include "runtime/policy/outgoing.hpp"

namespace millrace {

class LinkForecast {
 public:
  void observe(const LinkSample& sample);
  // Whether anything is known yet.
  bool knows() const { return rate_bit_per_s_ > 0; }

  // The forecast at `now`, behind all that is in flight or waits. REQUIRES knows().
  struct Outlook {
    double rate_bit_per_s = 0;  // positive and finite
    double clear_s = 0;         // from now until all that is ahead will be acknowledged
  };
  Outlook outlook(Time now, const SenderState& ahead) const;
  // Mean of |rate seen / rate expected - 1|, each at most 1, over about the latest ten samples.
  double error() const { return error_; }

 private:
  struct Served {
    double bits = 0, seconds = 0;
    double rate_bit_per_s() const;  // positive and finite
  };
  void learn_error(double seen_bit_per_s);

  double rate_bit_per_s_ = 0;
  double error_ = 0;
  Served before_;
  std::optional<Time> acknowledged_;
};

}  // namespace millrace
