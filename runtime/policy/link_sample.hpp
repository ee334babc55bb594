// A policy's observation of the link behind a stage: one activation that crossed it.
#pragma once

#include <cstdint>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

// Both instants are on the sender's clock.
struct LinkSample {
  NodeId to;
  MicrobatchId microbatch;
  Time sent, acknowledged;
  Bytes size;  // of the payload
  std::uint64_t values = 0;
  std::uint32_t images = 0;
  bool operator==(const LinkSample&) const = default;
};

}  // namespace millrace
