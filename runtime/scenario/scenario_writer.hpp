// A scenario as YAML with every default written out: what a run directory keeps and what an agent is sent.
// Reading it again gives an equal scenario.
#pragma once

#include <string>

#include "runtime/scenario/scenario.hpp"

namespace millrace {

// REQUIRES a scenario as the reader gives it (names without surprises, paths without control characters).
std::string resolved_yaml(const Scenario& scenario);

// SHA-256 of the resolved text without what says how it is run: run.mode, run.links, run.compute (whose
// default the mode decides). All modes of one scenario share it, and both ends of a connection compute it.
std::string scenario_hash(const Scenario& scenario);

}  // namespace millrace
