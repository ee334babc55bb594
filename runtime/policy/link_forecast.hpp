// When would an activation be acknowledged, if it were sent now? A model of a link as its sender sees it, a
// server of one rate:
//
//   acknowledged = max(sent, acknowledged before) + bits / rate
//
// The rate is learnt from acknowledgements; where one is overdue, its absence already lowers it. Latency is
// not modelled: where nothing overlaps it counts as slowness, and goes away as soon as something does.
// (Learnt from the quickest acknowledgements it was tried: no better on any trace, and after a long queue far
// too high.)
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

  // At an instant, with what is on its way and waits. REQUIRES knows().
  struct Outlook {
    double rate_bit_per_s = 0;  // positive and finite
    double clear_s = 0;         // from now until all that is ahead will be acknowledged
  };
  Outlook outlook(Time now, const SenderState& ahead) const;
  // Mean of |rate seen / rate expected - 1|, each at most 1, over the latest ten or so.
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
