// What a policy hears of the link behind a stage: one activation that crossed it.
#pragma once

#include <cstdint>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"

namespace millrace {

// What a sender learned of the link: both instants on its own clock.
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
