// A device's side of a run, where it connects to a host that waits: is greeted by the host, is handed the
// scenario and the plan, fetches what files it lacks, builds its nodes and drives them: lockstep in virtual
// time, or over TCP to its neighbours in wall-clock time. An agent that listens instead: agent_server.hpp.
#pragma once

#include "runtime/net/agent_config.hpp"

namespace millrace {

// Serves one run. Returns when the host says it is over. Errors carry the exit code of the process.
Result<void> run_agent(const AgentConfig& config, const PartsFactory& factory);

}  // namespace millrace
