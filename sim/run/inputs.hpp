// What a run depends on beside its scenario: the files it reads and the programs that run it. A manifest
// names them with their SHA-256; a sweep knows by them which of its cells it already has.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

// The files that a run of this scenario reads: a changed one makes another run. Tensors are read in modes
// that have them.
std::set<std::string> input_files(const Scenario& scenario);

// The run goes to agents that listen at the addresses the scenario has, rather than starting some here.
bool goes_to_agents(const Scenario& scenario);

// "millrace", and "millrace-node" in modes that start agents here, with the SHA-256 of each. The first is the
// program that runs, also where the file it was started from has been replaced since.
Result<std::vector<std::pair<std::string, std::string>>> binary_hashes(Mode mode, bool local_agents = true);

}  // namespace millrace
