// A bulk transfer as in ns-3's own tutorial: its devices, helpers and applications, no code of ours. The
// reference for the cost of our layer.
#pragma once

#include <cstdint>

#include "runtime/base/units.hpp"

namespace millrace {

struct BareBulk {
  std::int64_t mbit_per_s;
  Bytes queue;
  double simulated_s;
};
struct BareRun {
  double events;
  double seconds;  // of the wall clock, the simulation alone
};

// TCP CUBIC over one point-to-point link of 10 ms. REQUIRES that no network of ours is alive.
BareRun run_bare_bulk(const BareBulk& bulk);

// Events that ns-3 has run since its simulator was made.
std::uint64_t simulated_events();

}  // namespace millrace
