// Units of rates as people and tools spell them: Mbps, Kbits/sec, MBytes/sec, KiB/s. Scenarios refuse all but
// their own units and use this to say what was meant; readers of traces accept them. Surprising fact: with
// "Bytes" spelt out, prefixes are 1024-based as in iperf, but those of bits are 1000-based
// (github.com/esnet/iperf, src/units.c: conversion_bytes, conversion_bits).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace {

struct RateUnit {
  std::int64_t bit_per_s = 1;  // the value of one unit
  // The same if K, M and G are powers of 1000 unless an i follows them, as in scenarios.
  std::int64_t si_bit_per_s = 1;
  bool bytes = false;
  // Why the unit is ambiguous, and what to write: "it is 1000 bytes/s to some …". Empty: it has one meaning.
  std::string_view doubt{};
};

// Bits: bit, bits, b; bytes: byte, bytes, B; before it nothing or k, K, M, m, G, g, T, t, with an i for
// powers of 1024; after it /s, /sec, /second, ps, or nothing. An empty result: not a unit of a rate.
std::optional<RateUnit> rate_unit(std::string_view text);

}  // namespace millrace
