// The documented limitations that a run touches, found from its plan before it begins: a list of limitations
// in READMEs warns nobody. Each has a sentence, which is a warning before the run and a caveat of its
// results. Surprising fact: only what the plan's messages cross counts; a lossy link that nobody uses is no
// matter.
//
// sim/run/README.md lists which limitation of which README is found here, and which is not and why.
#pragma once

#include <string>
#include <vector>

#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

struct Limitation {
  std::string id;    // snake_case; scripts rely on it
  std::string text;  // what was found, and what to do; one sentence without a full stop
};

// REQUIRES a plan of that scenario. `network`: of the scenario where the caller has it; else it is built.
std::vector<Limitation> limitations_of(const Scenario& scenario, const Plan& plan,
                                       const NetworkSpec* network = nullptr);

}  // namespace millrace
