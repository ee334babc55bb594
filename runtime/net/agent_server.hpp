// An agent that listens: hosts connect to it, run after run.
#pragma once

#include <memory>

#include "runtime/net/agent_config.hpp"

namespace millrace {

// Serves run after run, one at a time; a host that connects during a run is told that it has to wait.
class AgentServer {
 public:
  // Listens from now on; `factory` must outlive the server.
  static Result<std::unique_ptr<AgentServer>> listen(AgentConfig config, const Endpoint& where,
                                                     const PartsFactory& factory);
  ~AgentServer();
  AgentServer(const AgentServer&) = delete;
  AgentServer& operator=(const AgentServer&) = delete;

  Endpoint local() const;
  IoLoop& loop();
  // Serves until stop(); how each run ended is in the log.
  void run();
  // Any thread. Ends the run under way and tells its host.
  void stop();

 private:
  struct Body;
  AgentServer();
  std::unique_ptr<Body> body_;
};

}  // namespace millrace
