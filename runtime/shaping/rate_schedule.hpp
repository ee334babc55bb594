// The rate of a shaped interface over time. Rate 0 is an outage.
#pragma once

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

class RateSchedule {
 public:
  virtual ~RateSchedule() = default;
  virtual BitRate rate_at(Time t) const = 0;
  // The first instant after `t` at which the rate may differ; Time::never() if it stays the same.
  virtual Time next_change(Time t) const = 0;
};

class ConstantSchedule final : public RateSchedule {
 public:
  explicit ConstantSchedule(BitRate rate) : rate_(rate) {}
  BitRate rate_at(Time) const override { return rate_; }
  Time next_change(Time) const override { return Time::never(); }

 private:
  BitRate rate_;
};

}  // namespace millrace
