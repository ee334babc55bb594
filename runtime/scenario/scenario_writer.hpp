// A scenario as YAML with every default written out, for run directories and for agents. Reading it again
// gives an equal scenario.
#pragma once

#include <string>

#include "runtime/scenario/scenario.hpp"

namespace millrace {

// REQUIRES a scenario from the reader (valid names, paths without control characters).
std::string resolved_yaml(const Scenario& scenario);

// SHA-256 of the resolved text without the keys that say how a scenario is run: run.mode, run.links and
// run.compute (whose default depends on the mode). All modes of one scenario share the hash, and both ends of
// a connection compute it.
std::string scenario_hash(const Scenario& scenario);

}  // namespace millrace
