// What this machine can do for mode emulate, as measured: how punctually it wakes from sleeps, and how much
// ns-3 carries in real time; and for real links between local devices (run.links: netns). Surprising fact:
// the answer holds for this moment; other programs affect it.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "sim/links/link_rights.hpp"
#include "sim/net/lateness_audit.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// A saturated link of ns-3, as fast as this machine runs it.
struct Carried {
  Transport transport = Transport::tcp;
  Bytes mtu;
  double mbit_per_s = 0;    // of packets, per second of wall clock
  double events_per_s = 0;  // of ns-3
};

struct Machine {
  std::string processor, kernel;
  unsigned processors = 0;
  double load_1min = 0;
  std::string blas;  // path of the library that LibTorch computes with; empty: not found
  bool fast_blas = false;
  LatenessCounts sleeps;  // how late sleeps of 1 ms ended
  LinkRights real_links;
};

// Takes about `sleeps` times 1 ms.
Machine examine_machine(int sleeps = 500);

// REQUIRES no ns-3 network alive. Takes about `for_so_long`.
Result<Carried> measure_carried(Transport transport, Bytes mtu, Duration for_so_long = Duration::ms(400));

}  // namespace millrace
