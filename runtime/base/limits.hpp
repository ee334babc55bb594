// Limits that several folders have to agree on: a value that one of them accepts, the others must accept too.
#pragma once

#include <cstdint>

namespace millrace {

// A rate is from 1 bit/s to 1000 Tbit/s; a link's is 0 in an outage.
inline constexpr std::int64_t kMaxBitPerS = 1'000'000'000'000'000;
inline constexpr const char* kMaxRateText = "1000 Tbit/s";

// Images per microbatch: in a scenario, in an executor, in the profiler and in the planner.
inline constexpr int kMaxImagesPerMicrobatch = 4096;

}  // namespace millrace
