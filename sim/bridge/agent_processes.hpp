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
  // Waits a moment for them to end by themselves, then ends them.
  ~AgentProcesses();
  AgentProcesses(const AgentProcesses&) = delete;
  AgentProcesses& operator=(const AgentProcesses&) = delete;

  // A process in a network namespace of its own, instead of this thread's; it also runs before ordinary
  // processes (SCHED_RR), so that the time it imitates is kept on a busy machine.
  struct Confined {
    int network;       // a handle of the namespace
    std::string keys;  // folder: its connections are not on loopback
  };
  // One process for all these devices. It dies with this process. An error if `program` cannot be started.
  Result<void> start(const std::string& program, const std::vector<std::string>& devices,
                     const Endpoint& host, const std::string& scenario_sha256,
                     const std::optional<Confined>& confined = {});
  // An error if one has ended; it carries that process's exit code.
  Result<void> watch();
  // Does not wait for what they compute: for a run that has failed or was interrupted.
  void end_now();

 private:
  struct Child {
    pid_t pid;
    std::string devices;
  };
  std::vector<Child> children_;
};

// millrace-node beside this program, else on the PATH.
std::string agent_program();

}  // namespace millrace
