// How many bits the next activation may cost. A policy decides from what it was told and nothing else, so
// that a recorded run replayed through it gives the same decisions.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/base/time.hpp"
#include "runtime/codec/codec.hpp"
#include "runtime/node/record.hpp"

namespace millrace {

// What is about to be sent.
struct Outgoing {
  MicrobatchId microbatch;
  std::uint32_t images = 0;
};

class QuantizationPolicy {
 public:
  virtual ~QuantizationPolicy() = default;
  virtual std::string_view name() const = 0;
  virtual void observe(const LinkSample& sample) = 0;
  virtual Budget choose(Time now, const Outgoing& outgoing) = 0;
};

}  // namespace millrace
