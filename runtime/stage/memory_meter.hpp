// This process's resident memory, and its peak since it was last asked to forget. Linux only: elsewhere, and
// where /proc/self/clear_refs may not be written, nothing is known.
#pragma once

#include <cstdint>
#include <optional>

namespace millrace {

// Gives freed memory back to the system, so that using it again counts again; then forgets the peak. What is
// resident now; nothing where peaks cannot be forgotten.
std::optional<std::int64_t> begin_memory_peak();
// The most that was resident since then. The kernel counts in batches: exact to about 256 KiB per thread.
std::optional<std::int64_t> memory_peak();

}  // namespace millrace
