// Every random number of a run comes from Random(seed, "stream name"): the same pair gives the same numbers
// on every machine and in every order of construction. Generator: xoshiro256** (Blackman and Vigna 2018),
// seeded by SplitMix64 over the seed and the FNV-1a hash of the name. The distributions are our own, because
// those of the standard library differ between implementations.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace millrace {

class Random {
 public:
  Random(std::uint64_t seed, std::string_view stream);

  std::uint64_t next();
  // Uniform in [0, 1), 53 bits.
  double uniform();
  // Uniform in [0, bound), without modulo bias. REQUIRES bound > 0.
  std::uint64_t below(std::uint64_t bound);
  // Standard normal (Box-Muller, both values used).
  double normal();
  // Mean 1.
  double exponential();

 private:
  std::array<std::uint64_t, 4> state_{};
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace millrace
