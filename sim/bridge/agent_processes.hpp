// Local agents: `millrace-node` processes that the host starts for itself and takes down with itself.
#pragma once

#include <sys/types.h>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/wire/messages.hpp"

namespace millrace {

class AgentProcesses {
 public:
  AgentProcesses() = default;
  // Waits a moment for the agents to end by themselves, then ends them.
  ~AgentProcesses();
  AgentProcesses(const AgentProcesses&) = delete;
  AgentProcesses& operator=(const AgentProcesses&) = delete;

  // A process in a network namespace of its own, instead of this thread's. It also has priority over ordinary
  // processes (SCHED_RR), so that it keeps its imitated timing on a busy machine.
  struct Confined {
    int network;       // file descriptor of the namespace
    std::string keys;  // folder of its keys: its connections are not on loopback
  };
  // One process for all these devices. It dies with this process. An error if `program` cannot be started.
  Result<void> start(const std::string& program, const std::vector<std::string>& devices,
                     const Endpoint& host, const std::string& scenario_sha256,
                     const std::optional<Confined>& confined = {});
  // An error if an agent has ended; the error carries its exit code.
  Result<void> watch();
  // Kills the agents without waiting for what they compute: for a run that has failed or was interrupted.
  void end_now();

 private:
  struct Child {
    pid_t pid;
    std::string devices;
  };
  std::vector<Child> children_;
};

// The path of millrace-node beside this program if it exists, else its name, to be found on the PATH.
std::string agent_program();

}  // namespace millrace
