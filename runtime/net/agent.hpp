// A device's side of a run, for an agent that connects to a waiting host: it exchanges greetings with the
// host, gets the scenario and the plan, fetches the files that it lacks, builds its nodes and drives them:
// in lockstep in virtual time, or in wall-clock time through the host (emulate) or over TCP to its
// neighbours (deploy). agent_server.hpp has the agent that listens instead.
#pragma once

#include "runtime/net/agent_config.hpp"

namespace millrace {

// Serves one run. Returns when the host says it is over. Errors carry the exit code of the process.
Result<void> run_agent(const AgentConfig& config, const PartsFactory& factory);

}  // namespace millrace
