// Errors and warnings about a run that are found before anything is started.
#pragma once

#include <optional>
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
// Whether messages cross the scenario's links, simulated or shaped.
inline bool goes_over_links(const Scenario& scenario) {
  return simulated(scenario.run.mode) || on_shaped_links(scenario);
}
// The kind of a simulated network: as the scenario says, or the default of its mode.
NetworkKind network_kind(const Scenario& scenario);
// The name in the run directory: fluid, ns3, netns or real (deploy without links of the scenario).
std::string network_name(const Scenario& scenario);

// The network of the scenario, with a route both ways between all neighbours of the plan.
Result<NetworkSpec> checked_network(const Scenario& scenario, const Plan& plan);

// Checks that the tensor at each cut of the plan fits into an encoding and into a frame.
Result<void> check_payloads(const Scenario& scenario, const Plan& plan);

// A scenario that can run.
struct Runnable {
  Plan plan;
  std::optional<NetworkSpec> network{};  // where the run goes over the scenario's links
};

// Checks a scenario before it runs: its weights are its model's, it has a plan, its devices' memory suffices,
// its profiles and traces can be read, its links carry the plan. A run begins with this; `validate` and a dry
// run of a sweep end with it. Logs as warnings: memory that may not suffice, captures that will not be made,
// and doubts (doubts.hpp). Limits of the figures' truth are in caveats.hpp.
Result<Runnable> check_runnable(const Scenario& scenario);

}  // namespace millrace
