// Whether mode emulate can run a scenario on a machine: compares the rates of its links with what ns-3
// carries there in real time.
#pragma once

#include <string>
#include <vector>

#include "runtime/scenario/scenario.hpp"
#include "sim/doctor/machine.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// Shares are of what this machine carries in packets of the scenario's transport and MTU.
struct LinkDemand {
  std::string from, to;
  double mean_mbit_per_s = 0, max_mbit_per_s = 0;  // of its rate, in bins of 1 s
  double mean_share = 0, max_share = 0;
};

enum class Fitness : std::uint8_t {
  yes,      // even with all links saturated at once
  perhaps,  // it depends on what the pipeline sends
  no,       // one link alone is too fast, or sleeps end too late
};

struct Verdict {
  Fitness fitness = Fitness::yes;
  std::vector<LinkDemand> links;
  double share_of_all = 0;  // all links at their fastest
  std::vector<std::string> sentences;
};

// Up to this share of the wall clock, a simulation leaves enough time for everything else.
inline constexpr double kComfortable = 0.5;

// `carried` is null where the network is fluid: it carries any rate.
Verdict judge(const Scenario& scenario, const NetworkSpec& spec, const Machine& machine,
              const Carried* carried);

}  // namespace millrace
