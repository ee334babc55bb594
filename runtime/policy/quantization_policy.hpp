// How many bits the next activation may cost. A policy decides from its arguments alone, so a recorded run
// replayed through it gives the same decisions, bit for bit.
#pragma once

#include <string_view>

#include "runtime/base/time.hpp"
#include "runtime/codec/codec.hpp"
#include "runtime/policy/link_sample.hpp"
#include "runtime/policy/outgoing.hpp"

namespace millrace {

// The least and the most that a policy gives out: an fp32 value has 32 bits, and below 2 accuracy is gone.
inline constexpr double kFewestBits = 2, kMostBits = 32;

class QuantizationPolicy {
 public:
  virtual ~QuantizationPolicy() = default;
  virtual std::string_view name() const = 0;
  // An activation was acknowledged. Called once per activation, in the order they were sent.
  virtual void observe(const LinkSample& sample) = 0;
  // The budget of the next activation, asked for before it is encoded; `now` never decreases. ENSURES at
  // least kFewestBits and at most kMostBits, never NaN, whatever was observed.
  virtual Budget choose(Time now, const Outgoing& outgoing) = 0;
};

}  // namespace millrace
