// This process's resident memory, and its peak since the last reset. Linux only: elsewhere, and where
// /proc/self/clear_refs may not be written, no value is available.
#pragma once

#include <cstdint>
#include <optional>

namespace millrace {

// Gives freed memory back to the system, so that using it again counts again; then resets the peak. Returns
// the bytes resident now; nothing if the peak cannot be reset.
std::optional<std::int64_t> begin_memory_peak();
// The most bytes resident since then. The kernel counts in batches: exact to about 256 KiB per thread.
std::optional<std::int64_t> memory_peak();

}  // namespace millrace
