// Errors and warnings about a run that are found before anything is started.
#pragma once

#include <string>

#include "runtime/base/result.hpp"
#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// Whether the network of this mode is simulated.
inline bool simulated(Mode mode) { return mode != Mode::deploy; }
// Whether the scenario runs over real links of this machine that are shaped for it.
inline bool on_shaped_links(const Scenario& scenario) {
  return scenario.run.mode == Mode::deploy && scenario.run.links == LinksKind::netns;
}
// The kind of a simulated network: as the scenario says, or the default of its mode.
NetworkKind network_kind(const Scenario& scenario);
// The name in the run directory: fluid, ns3, netns or real (deploy without links of the scenario).
std::string network_name(const Scenario& scenario);

// The network of the scenario, with a route both ways between all neighbours of the plan.
Result<NetworkSpec> checked_network(const Scenario& scenario, const Plan& plan);

// Checks that the tensor at each cut of the plan fits into an encoding and into a frame.
Result<void> check_payloads(const Scenario& scenario, const Plan& plan);

// Warns of memory that may not suffice and of captures that will not be made (limits of the figures' truth
// are in caveats.hpp). An error where memory cannot suffice, or where the weights are another model's.
Result<void> warn_before_run(const Scenario& scenario, const Plan& plan);

// Checks a scenario before it runs: its weights are its model's, it has a plan, its profiles and traces can
// be read, its links carry the plan. For `validate` and a dry run of a sweep; a run checks the same step by
// step while it is prepared. Doubts (doubts.hpp) are logged as warnings.
Result<void> check_runnable(const Scenario& scenario);

}  // namespace millrace
