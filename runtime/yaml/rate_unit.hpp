// Units of rates as people and tools spell them: Mbps, Kbits/sec, MBytes/sec, KiB/s. Scenarios refuse all but
// their own and use this to say what is meant; readers of traces take them. Surprising fact: spelt out as
// "Bytes" the prefixes are iperf's, 1024-based, where those of bits are 1000-based
// (github.com/esnet/iperf, src/units.c: conversion_bytes, conversion_bits).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace {

struct RateUnit {
  std::int64_t bit_per_s = 1;  // of one of it
  // The same where K, M and G are powers of 1000 unless an i follows them, as in scenarios.
  std::int64_t si_bit_per_s = 1;
  bool bytes = false;
  // Why it cannot be relied on, and what to write: "KB/s is 1000 bytes/s to some …". Empty: it has one
  // meaning.
  std::string_view doubt{};
};

// Bits: bit, bits, b; bytes: byte, bytes, B; before it nothing or k, K, M, m, G, g, T, t, with an i for
// powers of 1024; after it /s, /sec, /second, ps, or nothing. Nothing: it is no unit of a rate.
std::optional<RateUnit> rate_unit(std::string_view text);

}  // namespace millrace
