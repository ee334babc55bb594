// The documented limitations that a run touches, found from its plan before it begins, because few users read
// the lists in READMEs. Each has a sentence, which is a warning before the run and a caveat of its results.
// Surprising fact: only links that the plan's messages cross count; a lossy link that is not used does not.
//
// sim/run/README.md lists the limitations that are found here, and those that are not, with the reasons.
#pragma once

#include <string>
#include <vector>

#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

struct Limitation {
  std::string id;    // snake_case; scripts rely on it
  std::string text;  // the finding and the advice; one sentence without a full stop
};

// REQUIRES a plan of that scenario. `network`: of the scenario where the caller has it; else it is built.
std::vector<Limitation> limitations_of(const Scenario& scenario, const Plan& plan,
                                       const NetworkSpec* network = nullptr);

}  // namespace millrace
