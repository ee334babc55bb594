// What a run depends on besides its scenario: the files it reads and the programs that run it. A manifest
// names them with their SHA-256; a sweep uses them to find the cells that it already has.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

// The files that a run of this scenario reads; a changed file makes it another run. Tensors are included only
// in modes that have them.
std::set<std::string> input_files(const Scenario& scenario);

// Whether the run connects to agents at the scenario's addresses, rather than starting agents here.
bool goes_to_agents(const Scenario& scenario);

// "millrace", and "millrace-node" in modes that start agents here, with the SHA-256 of each. The hash of
// "millrace" is that of the running program, even if its file has been replaced since.
Result<std::vector<std::pair<std::string, std::string>>> binary_hashes(Mode mode, bool local_agents = true);

}  // namespace millrace
