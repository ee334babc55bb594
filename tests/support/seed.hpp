// The seed of random tests: fixed by default, `MILLRACE_TEST_SEED=n` for another. Tests print it when they
// fail.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace millrace {

inline std::uint64_t test_seed() {
  const char* given = std::getenv("MILLRACE_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
}

}  // namespace millrace
